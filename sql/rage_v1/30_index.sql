-- The index: which vectors there are, which are missing, which cannot be made.

CREATE OR REPLACE VIEW rage_v1.index_status WITH (security_invoker = true) AS
WITH wanted AS (
    -- Once, however many spaces there are. The bytes of an image that is not hidden are there: nothing is asked of them.
    SELECT count(*) AS pictures, count(*) FILTER (WHERE d.input <> '') AS captions
    FROM rage.images AS i
    LEFT JOIN rage.image_documents AS d USING (image_id)
    WHERE i.deleted_at IS NULL
),
counted AS (
    SELECT
        s.space_id,
        c.embedded + p.embedded AS embedded,
        (SELECT CASE s.encodes WHEN 'caption' THEN w.captions ELSE w.pictures END FROM wanted AS w)
            - c.embedded - p.embedded - f.failed AS missing,
        f.failed,
        f.held
    FROM rage.embedding_spaces AS s
    -- Of the two, the one that does not concern the space is left out; an empty space costs nothing.
    CROSS JOIN LATERAL (
        SELECT count(*) AS embedded
        FROM rage.embeddings AS e
        JOIN rage.images AS i USING (image_id)
        JOIN rage.image_documents AS d USING (image_id)
        WHERE s.encodes = 'caption' AND e.space_id = s.space_id AND e.input_sha256 = d.input_sha256 AND d.input <> ''
          AND i.deleted_at IS NULL
    ) AS c
    CROSS JOIN LATERAL (
        SELECT count(*) AS embedded
        FROM rage.embeddings AS e
        JOIN rage.images AS i USING (image_id)
        JOIN rage.contents AS o USING (content_id)
        WHERE s.encodes <> 'caption' AND e.space_id = s.space_id AND e.input_sha256 = o.sha256 AND i.deleted_at IS NULL
    ) AS p
    CROSS JOIN LATERAL (
        SELECT count(*) AS failed, count(*) FILTER (WHERE f.attempts >= rage.most_tries()) AS held
        FROM rage.failed_items AS f
        JOIN rage.images AS i USING (image_id)
        LEFT JOIN rage.image_documents AS d
            ON s.encodes = 'caption' AND d.image_id = f.image_id AND d.input_sha256 = f.input_sha256 AND d.input <> ''
        LEFT JOIN rage.contents AS o
            ON s.encodes <> 'caption' AND o.content_id = i.content_id AND o.sha256 = f.input_sha256
        WHERE f.space_id = s.space_id
          AND i.deleted_at IS NULL
          AND (d.image_id IS NOT NULL OR o.content_id IS NOT NULL)
          -- As somebody stores it who was taken for lost, after another had failed.
          AND NOT EXISTS (SELECT FROM rage.embeddings AS e
                          WHERE e.space_id = s.space_id AND e.image_id = f.image_id AND e.input_sha256 = f.input_sha256)
    ) AS f
    -- Of a retired space nothing is still to be made.
    WHERE s.state <> 'retired'
),
working AS (
    SELECT
        f.space_id,
        count(*) AS fillers,
        sum(f.embedded / nullif(extract(epoch FROM f.beat_at - f.started_at), 0)) AS per_second
    FROM rage.fillers AS f
    WHERE f.beat_at > statement_timestamp() - rage.lost_after()
    GROUP BY f.space_id
)
SELECT
    s.space_id,
    s.name AS space,
    s.encodes,
    s.encoder,
    s.model,
    s.weights_sha256,
    s.dimensions,
    s.state,
    ARRAY(SELECT l.leg FROM rage.search_legs AS l WHERE l.space_id = s.space_id ORDER BY l.leg) AS active_legs,
    coalesce(c.embedded, 0) AS embedded,
    coalesce(c.missing, 0) AS missing,
    coalesce(c.failed, 0) AS failed,
    x.indisvalid AS index_valid,
    -- Its size counts every brand's images.
    CASE WHEN rage.sees_every_brand() THEN pg_relation_size(x.indexrelid) END AS index_bytes,
    a.recall,
    a.audited_at,
    ARRAY(SELECT c.relname::text
          FROM pg_class AS p
          JOIN pg_index AS j ON j.indrelid = p.oid AND NOT (j.indisvalid AND j.indisready)
          JOIN pg_class AS c ON c.oid = j.indexrelid
          WHERE p.relname = format('embeddings_%s', s.space_id)
            AND p.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = 'rage')
          ORDER BY c.relname) AS invalid_indexes,
    coalesce(c.held, 0) AS held,
    coalesce(w.fillers, 0) AS fillers,
    round(w.per_second, 1)::double precision AS per_second,
    round(c.missing / nullif(w.per_second, 0))::bigint AS seconds_left,
    -- A provider's own words, and where it is.
    CASE WHEN rage.sees_every_brand() THEN s.trouble END AS trouble,
    s.trouble_at
FROM rage.embedding_spaces AS s
LEFT JOIN counted AS c USING (space_id)
LEFT JOIN working AS w USING (space_id)
LEFT JOIN LATERAL (
    SELECT min(u.recall) AS recall, u.audited_at
    FROM rage.index_audits AS u
    WHERE u.space_id = s.space_id
    GROUP BY u.audited_at
    ORDER BY u.audited_at DESC
    LIMIT 1
) AS a ON true
-- By their names: to_regclass is refused to readers, who may not enter the schema.
LEFT JOIN pg_class AS r
    ON r.relname = format('embeddings_%s_hnsw', s.space_id)
   AND r.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = 'rage')
LEFT JOIN pg_index AS x ON x.indexrelid = r.oid;
COMMENT ON VIEW rage_v1.index_status IS 'One row per embedding space: how full and how sound it is.';
COMMENT ON COLUMN rage_v1.index_status.space_id IS 'Stable number of the space.';
COMMENT ON COLUMN rage_v1.index_status.space IS 'Its name.';
COMMENT ON COLUMN rage_v1.index_status.encodes IS 'What it embeds: image, caption or style.';
COMMENT ON COLUMN rage_v1.index_status.encoder IS 'The provider that embeds.';
COMMENT ON COLUMN rage_v1.index_status.model IS 'The model within the provider.';
COMMENT ON COLUMN rage_v1.index_status.weights_sha256 IS 'SHA-256 of the weights where they are local.';
COMMENT ON COLUMN rage_v1.index_status.dimensions IS 'Length of its vectors.';
COMMENT ON COLUMN rage_v1.index_status.state IS 'idle: nobody fills it; filling; ready: kept up; retired: its vectors are gone.';
COMMENT ON COLUMN rage_v1.index_status.active_legs IS 'The legs of the search that use it now.';
COMMENT ON COLUMN rage_v1.index_status.embedded IS 'Images with a vector that is up to date.';
COMMENT ON COLUMN rage_v1.index_status.missing IS 'Images whose vector is still to be made.';
COMMENT ON COLUMN rage_v1.index_status.failed IS 'Images that the encoder could not embed.';
COMMENT ON COLUMN rage_v1.index_status.index_valid IS 'Whether its HNSW index is sound; null: there is none.';
COMMENT ON COLUMN rage_v1.index_status.index_bytes IS 'Size of the HNSW index in bytes; null for who does not see every brand.';
COMMENT ON COLUMN rage_v1.index_status.recall IS 'Lowest recall of a filter shape in the last audit; null for who does not see every brand.';
COMMENT ON COLUMN rage_v1.index_status.audited_at IS 'When that was.';
COMMENT ON COLUMN rage_v1.index_status.invalid_indexes IS 'Indexes that no search uses: a building failed or is under way.';
COMMENT ON COLUMN rage_v1.index_status.held IS 'Of those that failed, images that are not tried again by themselves: rage index retry.';
COMMENT ON COLUMN rage_v1.index_status.fillers IS 'How many workers and commands embed at this moment; 0 for who does not see every brand.';
COMMENT ON COLUMN rage_v1.index_status.per_second IS 'Images that they embed a second; null for who does not see every brand.';
COMMENT ON COLUMN rage_v1.index_status.seconds_left IS 'How long the missing ones will take at that rate.';
COMMENT ON COLUMN rage_v1.index_status.trouble IS 'Why filling it does not go on; null where nothing is in the way, and for who does not see every brand.';
COMMENT ON COLUMN rage_v1.index_status.trouble_at IS 'When that was found.';


CREATE OR REPLACE VIEW rage_v1.index_audits WITH (security_invoker = true) AS
SELECT
    a.audit_id, s.name AS space, a.leg, a.shape, a.queries, a.k, a.matched, a.strategy,
    a.recall, a.p50_ms, a.p95_ms, a.exact_p50_ms, a.advice, a.audited_at
FROM rage.index_audits AS a
JOIN rage.embedding_spaces AS s USING (space_id);
COMMENT ON VIEW rage_v1.index_audits IS 'Recall and latency of searches over time, by the shape of their filter; for who sees every brand.';
COMMENT ON COLUMN rage_v1.index_audits.audit_id IS 'Number of the row.';
COMMENT ON COLUMN rage_v1.index_audits.space IS 'The space that was searched.';
COMMENT ON COLUMN rage_v1.index_audits.leg IS 'The leg that searched it.';
COMMENT ON COLUMN rage_v1.index_audits.shape IS 'What kind of filter the searches had.';
COMMENT ON COLUMN rage_v1.index_audits.queries IS 'How many searches were compared.';
COMMENT ON COLUMN rage_v1.index_audits.k IS 'How many images each asked for.';
COMMENT ON COLUMN rage_v1.index_audits.matched IS 'How many images passed the filter: the median.';
COMMENT ON COLUMN rage_v1.index_audits.strategy IS 'How most of the searches were answered.';
COMMENT ON COLUMN rage_v1.index_audits.recall IS 'Share of the exact answer that the searches found, on average.';
COMMENT ON COLUMN rage_v1.index_audits.p50_ms IS 'Median time of a search in milliseconds, at its client.';
COMMENT ON COLUMN rage_v1.index_audits.p95_ms IS 'Time that a search in twenty exceeds, in milliseconds.';
COMMENT ON COLUMN rage_v1.index_audits.exact_p50_ms IS 'Median time of the exact search in milliseconds.';
COMMENT ON COLUMN rage_v1.index_audits.advice IS 'What would make it better; null where nothing is wrong.';
COMMENT ON COLUMN rage_v1.index_audits.audited_at IS 'When; rows of one audit share it.';


CREATE OR REPLACE VIEW rage_v1.failed_items WITH (security_invoker = true) AS
SELECT s.name AS space, f.image_id, b.name AS brand, f.attempts, f.reason, f.failed_at,
       f.attempts >= rage.most_tries() AS held
FROM rage.failed_items AS f
JOIN rage.embedding_spaces AS s USING (space_id)
JOIN rage.brands AS b USING (brand_id)
UNION ALL
SELECT 'captions', t.image_id, b.name, t.attempts, t.reason, t.failed_at, t.attempts >= rage.most_tries()
FROM rage.caption_tries AS t
JOIN rage.brands AS b USING (brand_id)
WHERE t.attempts > 0;
COMMENT ON VIEW rage_v1.failed_items IS 'What could not be embedded or described, and why.';
COMMENT ON COLUMN rage_v1.failed_items.space IS 'The space that it is missing from; captions: no captioner could describe it.';
COMMENT ON COLUMN rage_v1.failed_items.image_id IS 'The image.';
COMMENT ON COLUMN rage_v1.failed_items.brand IS 'Its brand.';
COMMENT ON COLUMN rage_v1.failed_items.attempts IS 'How often it was tried.';
COMMENT ON COLUMN rage_v1.failed_items.reason IS 'What the encoder or the captioner said last.';
COMMENT ON COLUMN rage_v1.failed_items.failed_at IS 'When it failed last.';
COMMENT ON COLUMN rage_v1.failed_items.held IS 'Whether it is not tried again by itself: rage index retry, or another input, tries it afresh.';
