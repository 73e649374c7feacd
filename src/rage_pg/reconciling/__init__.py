"""What a provider says it charged, held against the ledger: every difference by day and model.

exports      reads a provider's export
comparing    the comparison with the paid calls
"""

from __future__ import annotations

from rage_pg.reconciling.comparing import Compared, Reconciled, reconcile
from rage_pg.reconciling.exports import Charged, read_export

__all__ = ["Charged", "Compared", "Reconciled", "read_export", "reconcile"]
