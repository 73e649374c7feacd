-- name: get_prompt_vectors
-- A prompt's vectors in the spaces that are searched and read text.
SELECT s.name AS space, s.dimensions, rage_v1.prompt_vector(%(prompt)s, s.name) AS vector
FROM rage.embedding_spaces AS s
WHERE s.encodes = 'caption'
  AND s.space_id IN (SELECT l.space_id FROM rage.search_legs AS l)
  AND rage_v1.prompt_vector(%(prompt)s, s.name) IS NOT NULL
ORDER BY s.space_id;

-- name: list_prices
-- Every price, the newest of a model and class first.
SELECT provider, model, token_class, usd_per_million, effective_from
FROM rage.prices
ORDER BY provider, model, token_class, effective_from DESC;

-- name: set_price
-- A price from a day on; it replaces what was set for that day.
INSERT INTO rage.prices (provider, model, token_class, effective_from, usd_per_million)
VALUES (%(provider)s, %(model)s, %(token_class)s, coalesce(%(effective_from)s, current_date), %(usd_per_million)s)
ON CONFLICT (provider, model, token_class, effective_from) DO UPDATE
SET usd_per_million = excluded.usd_per_million
RETURNING provider, model, token_class, usd_per_million, effective_from;
