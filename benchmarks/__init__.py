"""What rage-pg takes and reaches, measured: `python -m benchmarks [part …]`. Figures: docs/benchmarks.md."""
