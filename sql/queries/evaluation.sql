-- name: resolve_ids
-- The images that ids stand for: an sku, an external id, a path as it was imported, or the end of such a path.
WITH asked AS (
    SELECT a.id, ltrim(regexp_replace(a.id, '^(\./)+', '')) AS path
    FROM unnest(%(ids)s::text[]) AS a (id)
),
named AS (
    SELECT a.id, n.image_id
    FROM asked AS a
    JOIN rage.image_identifiers AS n ON n.identifier IN (a.id, a.path)
    UNION
    SELECT a.id, p.image_id
    FROM asked AS a
    JOIN rage.image_products AS p ON p.sku = btrim(a.id)
),
-- Only for what nothing is named exactly: every end of every path, so that the join can be by equality.
ends AS (
    SELECT n.image_id, array_to_string(f.folders[first:], '/') AS path
    FROM rage.image_identifiers AS n
    CROSS JOIN LATERAL (SELECT string_to_array(n.root || '/' || n.identifier, '/')) AS f (folders)
    CROSS JOIN LATERAL generate_series(1, cardinality(f.folders)) AS first
    WHERE n.root <> '' AND EXISTS (SELECT FROM asked AS a WHERE a.id NOT IN (SELECT id FROM named))
),
found AS (
    SELECT id, image_id FROM named
    UNION
    SELECT a.id, e.image_id
    FROM asked AS a
    JOIN ends AS e ON e.path = a.path
    WHERE a.id NOT IN (SELECT id FROM named)
)
SELECT a.id, coalesce(array_agg(i.image_id) FILTER (WHERE i.image_id IS NOT NULL), '{}') AS image_ids
FROM asked AS a
LEFT JOIN found AS f USING (id)
LEFT JOIN rage.images AS i ON i.image_id = f.image_id AND i.deleted_at IS NULL
GROUP BY a.id;

-- name: stored_prompts
-- What was searched for last, each prompt once.
SELECT prompt
FROM rage.searches
GROUP BY prompt
ORDER BY max(created_at) DESC, prompt
LIMIT %(most)s;
