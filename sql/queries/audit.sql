-- name: sample_queries
-- Query vectors of a leg: stored prompts first.
SELECT ARRAY(SELECT rage.sample_queries(%(leg)s, %(queries)s));

-- name: audit_shapes
-- A filter of every shape that the store has tags and brands for.
SELECT shape, filters, among FROM rage.audit_shapes();

-- name: far_filter
-- The frequent tag whose images are rarest near a query.
SELECT rage.far_filter(%(leg)s, %(vector)s);

-- name: audited
-- One search of one leg, by its route or exactly.
SELECT distances, strategy, matched
FROM rage.audited(%(leg)s, %(vector)s, %(k)s, %(filters)s, %(among)s::bigint[], %(exact)s);

-- name: store_audit
-- Keeps the figures of one shape of filter.
INSERT INTO rage.index_audits (
    space_id, leg, shape, queries, k, matched, strategy, recall, p50_ms, p95_ms, exact_p50_ms, advice
)
SELECT space_id, %(leg)s, %(shape)s, %(queries)s, %(k)s, %(matched)s, %(strategy)s, %(recall)s,
       %(p50_ms)s, %(p95_ms)s, %(exact_p50_ms)s, %(advice)s
FROM rage.embedding_spaces
WHERE name = %(space)s;

-- name: compared
-- The nearest images of a leg's space, every vector compared.
SELECT ARRAY(SELECT c.distance FROM rage.compared(%(leg)s, %(vector)s, %(k)s) AS c);

-- name: scanned
-- Candidates from the index of a leg's space.
SELECT ARRAY(SELECT s.distance FROM rage.scanned(%(leg)s, %(vector)s, %(candidates)s) AS s);

-- name: random_images
-- The ids of so many images, whichever.
SELECT ARRAY(SELECT i.image_id FROM rage.images AS i WHERE i.deleted_at IS NULL ORDER BY random() LIMIT %(images)s);

-- name: calibrate
-- What searches go by from now on.
UPDATE rage.embedding_spaces SET ef_search = %(ef_search)s, candidate_cost = %(candidate_cost)s WHERE name = %(space)s;

-- name: space_index
-- A space's partition, and the HNSW indexes on it with their definitions, whichever state they are in.
SELECT format('embeddings_%%s', s.space_id) AS partition,
       s.dimensions,
       greatest((SELECT p.reltuples FROM pg_class AS p WHERE p.oid = to_regclass(format('rage.embeddings_%%s', s.space_id))), 0)::bigint
           AS vectors,
       (SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
        WHERE e.extname = 'vector') AS vector_schema,
       c.relname AS name,
       pg_get_indexdef(x.indexrelid) AS definition,
       coalesce(x.indisvalid AND x.indisready, false) AS valid
FROM rage.embedding_spaces AS s
LEFT JOIN (pg_index AS x
           JOIN pg_class AS c ON c.oid = x.indexrelid
           JOIN pg_am AS m ON m.oid = c.relam AND m.amname = 'hnsw')
    ON x.indrelid = to_regclass(format('rage.embeddings_%%s', s.space_id))
WHERE s.name = %(space)s
ORDER BY c.relname;

-- name: brand_id
-- The number of a brand.
SELECT brand_id FROM rage.brands WHERE key = rage.normal_form(%(brand)s);

-- name: building
-- How far the building of a partition's index has come.
SELECT p.phase, p.tuples_done AS done, greatest(p.tuples_total, (
    SELECT c.reltuples FROM pg_class AS c WHERE c.oid = p.relid)::bigint) AS total
FROM pg_stat_progress_create_index AS p
WHERE p.relid = to_regclass('rage.' || quote_ident(%(partition)s));
