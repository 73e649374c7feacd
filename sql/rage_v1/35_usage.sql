-- What came of generations, of images as references, and of tags.

CREATE OR REPLACE VIEW rage_v1.generation_results WITH (security_invoker = true) AS
SELECT
    g.generation_id,
    b.name AS brand,
    g.status,
    g.purpose,
    g.provider,
    g.model,
    g.labels,
    coalesce(o.outputs, 0) AS outputs,
    coalesce(o.outputs_kept, 0) AS outputs_kept,
    coalesce(r.ratings, 0) AS ratings,
    coalesce(r.rating_sum, 0) AS rating_sum,
    coalesce(p.calls, 0) AS calls,
    coalesce(p.cost_usd, 0) AS cost_usd,
    coalesce(p.calls_without_cost, 0) AS calls_without_cost,
    g.error ->> 'type' AS error_type,
    g.error ->> 'code' AS error_code,
    g.created_at,
    g.finished_at
FROM rage.generations AS g
JOIN rage.brands AS b USING (brand_id)
LEFT JOIN (
    SELECT made.generation_id, count(*) AS outputs, count(made.kept_at) AS outputs_kept
    FROM rage.generation_outputs AS made
    GROUP BY made.generation_id
) AS o USING (generation_id)
LEFT JOIN (
    SELECT given.generation_id, count(*) AS ratings, sum(given.rating) AS rating_sum
    FROM rage.ratings AS given
    GROUP BY given.generation_id
) AS r USING (generation_id)
LEFT JOIN (
    SELECT paid.generation_id, count(*) AS calls, sum(paid.cost_usd) AS cost_usd,
           count(*) FILTER (WHERE paid.cost_usd IS NULL) AS calls_without_cost
    FROM rage.paid_calls AS paid
    WHERE paid.generation_id IS NOT NULL AND paid.purpose <> 'judge'
    GROUP BY paid.generation_id
) AS p USING (generation_id);
COMMENT ON VIEW rage_v1.generation_results IS 'What came of each generation, in numbers that can be added up.';
COMMENT ON COLUMN rage_v1.generation_results.generation_id IS 'The generation.';
COMMENT ON COLUMN rage_v1.generation_results.brand IS 'The brand that pays.';
COMMENT ON COLUMN rage_v1.generation_results.status IS 'queued, running, succeeded, refused, failed, cancelled or unknown.';
COMMENT ON COLUMN rage_v1.generation_results.purpose IS 'compose, edit, enhance, style or prototype.';
COMMENT ON COLUMN rage_v1.generation_results.provider IS 'Who made the picture.';
COMMENT ON COLUMN rage_v1.generation_results.model IS 'The model that answered; before that, the one asked for.';
COMMENT ON COLUMN rage_v1.generation_results.labels IS 'Names and values of the caller: campaign, channel, ticket.';
COMMENT ON COLUMN rage_v1.generation_results.outputs IS 'Pictures that it made.';
COMMENT ON COLUMN rage_v1.generation_results.outputs_kept IS 'Those of them that were kept.';
COMMENT ON COLUMN rage_v1.generation_results.ratings IS 'Ratings of its pictures, by whomever.';
COMMENT ON COLUMN rage_v1.generation_results.rating_sum IS 'Sum of these ratings, each -1, 0 or 1: divide sums by sums for a mean.';
COMMENT ON COLUMN rage_v1.generation_results.calls IS 'Paid calls that it took; 0 for what costs nothing.';
COMMENT ON COLUMN rage_v1.generation_results.cost_usd IS 'US dollars of those of the calls whose cost is known.';
COMMENT ON COLUMN rage_v1.generation_results.calls_without_cost IS 'Of the calls, those whose cost is not known, or not yet: nothing of them is in cost_usd.';
COMMENT ON COLUMN rage_v1.generation_results.error_type IS 'Which kind of error ended it, as in the API; null where none did.';
COMMENT ON COLUMN rage_v1.generation_results.error_code IS 'The provider''s code of the error, where it gave one.';
COMMENT ON COLUMN rage_v1.generation_results.created_at IS 'When it was asked.';
COMMENT ON COLUMN rage_v1.generation_results.finished_at IS 'When the outcome was known.';


CREATE OR REPLACE VIEW rage_v1.image_usage WITH (security_invoker = true) AS
SELECT
    i.image_id,
    b.name AS brand,
    coalesce(u.generations, 0) AS generations,
    coalesce(u.succeeded, 0) AS succeeded,
    coalesce(u.as_product, 0) AS as_product,
    coalesce(u.as_subject, 0) AS as_subject,
    coalesce(u.as_background, 0) AS as_background,
    coalesce(u.as_style, 0) AS as_style,
    coalesce(u.as_layout, 0) AS as_layout,
    coalesce(u.as_logo, 0) AS as_logo,
    coalesce(u.as_edit_target, 0) AS as_edit_target,
    coalesce(u.outputs, 0) AS outputs,
    coalesce(u.outputs_kept, 0) AS outputs_kept,
    coalesce(u.ratings, 0) AS ratings,
    u.mean_rating,
    coalesce(u.cost_usd, 0) AS cost_usd,
    coalesce(u.calls_without_cost, 0) AS calls_without_cost,
    u.first_used_at,
    u.last_used_at
FROM rage.images AS i
JOIN rage.brands AS b USING (brand_id)
LEFT JOIN (
    SELECT
        s.image_id,
        count(*) AS generations,
        count(*) FILTER (WHERE g.status = 'succeeded') AS succeeded,
        count(*) FILTER (WHERE s.role = 'product') AS as_product,
        count(*) FILTER (WHERE s.role = 'subject') AS as_subject,
        count(*) FILTER (WHERE s.role = 'background') AS as_background,
        count(*) FILTER (WHERE s.role = 'style') AS as_style,
        count(*) FILTER (WHERE s.role = 'layout') AS as_layout,
        count(*) FILTER (WHERE s.role = 'logo') AS as_logo,
        count(*) FILTER (WHERE s.role = 'edit_target') AS as_edit_target,
        sum(g.outputs)::bigint AS outputs,
        sum(g.outputs_kept)::bigint AS outputs_kept,
        sum(g.ratings)::bigint AS ratings,
        round(sum(g.rating_sum)::numeric / nullif(sum(g.ratings), 0), 3) AS mean_rating,
        sum(g.cost_usd) AS cost_usd,
        sum(g.calls_without_cost)::bigint AS calls_without_cost,
        min(g.created_at) AS first_used_at,
        max(g.created_at) AS last_used_at
    FROM rage.generation_references AS s
    JOIN rage_v1.generation_results AS g USING (generation_id)
    GROUP BY s.image_id
) AS u USING (image_id)
WHERE i.deleted_at IS NULL;
COMMENT ON VIEW rage_v1.image_usage IS
    'One row per image: the generations that it was a reference of, and what came of them. Each of several references has the whole of a generation: do not add rows up.';
COMMENT ON COLUMN rage_v1.image_usage.image_id IS 'The image.';
COMMENT ON COLUMN rage_v1.image_usage.brand IS 'Its brand.';
COMMENT ON COLUMN rage_v1.image_usage.generations IS 'Generations that it was a reference of.';
COMMENT ON COLUMN rage_v1.image_usage.succeeded IS 'Those of them that succeeded.';
COMMENT ON COLUMN rage_v1.image_usage.as_product IS 'Those in which its role was product.';
COMMENT ON COLUMN rage_v1.image_usage.as_subject IS 'Those in which its role was subject.';
COMMENT ON COLUMN rage_v1.image_usage.as_background IS 'Those in which its role was background.';
COMMENT ON COLUMN rage_v1.image_usage.as_style IS 'Those in which its role was style.';
COMMENT ON COLUMN rage_v1.image_usage.as_layout IS 'Those in which its role was layout.';
COMMENT ON COLUMN rage_v1.image_usage.as_logo IS 'Those in which its role was logo.';
COMMENT ON COLUMN rage_v1.image_usage.as_edit_target IS 'Those in which it was the picture to change.';
COMMENT ON COLUMN rage_v1.image_usage.outputs IS 'Pictures that these generations made.';
COMMENT ON COLUMN rage_v1.image_usage.outputs_kept IS 'Those of them that were kept.';
COMMENT ON COLUMN rage_v1.image_usage.ratings IS 'Ratings of these pictures, by whomever.';
COMMENT ON COLUMN rage_v1.image_usage.mean_rating IS 'Their mean, from -1 to 1; null where there is none.';
COMMENT ON COLUMN rage_v1.image_usage.cost_usd IS 'US dollars that these generations cost, as far as that is known.';
COMMENT ON COLUMN rage_v1.image_usage.calls_without_cost IS 'Of their paid calls, those whose cost is not known, or not yet: nothing of them is in cost_usd.';
COMMENT ON COLUMN rage_v1.image_usage.first_used_at IS 'When the first of these generations was asked for.';
COMMENT ON COLUMN rage_v1.image_usage.last_used_at IS 'When the last of these generations was asked for.';


CREATE OR REPLACE VIEW rage_v1.tag_usage WITH (security_invoker = true) AS
SELECT
    t.name AS tag,
    b.name AS brand,
    coalesce(c.images, 0) AS images,
    coalesce(u.generations, 0) AS generations,
    coalesce(u.succeeded, 0) AS succeeded,
    coalesce(u.by_reference, 0) AS by_reference,
    coalesce(u.by_output, 0) AS by_output,
    coalesce(u.outputs, 0) AS outputs,
    coalesce(u.outputs_kept, 0) AS outputs_kept,
    coalesce(u.ratings, 0) AS ratings,
    u.mean_rating,
    coalesce(u.cost_usd, 0) AS cost_usd,
    coalesce(u.calls_without_cost, 0) AS calls_without_cost,
    u.first_used_at,
    u.last_used_at
FROM rage.tags AS t
JOIN rage.brands AS b USING (brand_id)
LEFT JOIN (
    SELECT it.tag_id, count(*) AS images
    FROM rage.image_tags AS it
    JOIN rage.images AS i ON i.image_id = it.image_id AND i.deleted_at IS NULL
    GROUP BY it.tag_id
) AS c USING (tag_id)
LEFT JOIN (
    SELECT
        s.tag_id,
        count(*) AS generations,
        count(*) FILTER (WHERE g.status = 'succeeded') AS succeeded,
        count(*) FILTER (WHERE s.by_reference) AS by_reference,
        count(*) FILTER (WHERE s.by_output) AS by_output,
        sum(g.outputs)::bigint AS outputs,
        sum(g.outputs_kept)::bigint AS outputs_kept,
        sum(g.ratings)::bigint AS ratings,
        round(sum(g.rating_sum)::numeric / nullif(sum(g.ratings), 0), 3) AS mean_rating,
        sum(g.cost_usd) AS cost_usd,
        sum(g.calls_without_cost)::bigint AS calls_without_cost,
        min(g.created_at) AS first_used_at,
        max(g.created_at) AS last_used_at
    FROM (
        -- However many of its images carry the tag, a generation counts once.
        SELECT it.tag_id, w.generation_id, bool_or(w.is_reference) AS by_reference, bool_or(NOT w.is_reference) AS by_output
        FROM (
            SELECT r.generation_id, r.image_id, true AS is_reference FROM rage.generation_references AS r
            UNION ALL
            SELECT o.generation_id, o.image_id, false FROM rage.generation_outputs AS o
        ) AS w
        JOIN rage.image_tags AS it ON it.image_id = w.image_id
        JOIN rage.images AS i ON i.image_id = it.image_id AND i.deleted_at IS NULL
        GROUP BY it.tag_id, w.generation_id
    ) AS s
    JOIN rage_v1.generation_results AS g USING (generation_id)
    GROUP BY s.tag_id
) AS u USING (tag_id);
COMMENT ON VIEW rage_v1.tag_usage IS
    'One row per tag of a brand: the generations that have it on a reference or an output, each once, and what came of them. A child counts for itself, not for its parent.';
COMMENT ON COLUMN rage_v1.tag_usage.tag IS 'The tag: trimmed, NFC, case-folded.';
COMMENT ON COLUMN rage_v1.tag_usage.brand IS 'The brand whose tag it is.';
COMMENT ON COLUMN rage_v1.tag_usage.images IS 'Images that carry it now.';
COMMENT ON COLUMN rage_v1.tag_usage.generations IS 'Generations of which a reference or an output carries it now.';
COMMENT ON COLUMN rage_v1.tag_usage.succeeded IS 'Those of them that succeeded.';
COMMENT ON COLUMN rage_v1.tag_usage.by_reference IS 'Those of which a reference carries it.';
COMMENT ON COLUMN rage_v1.tag_usage.by_output IS 'Those of which an output carries it.';
COMMENT ON COLUMN rage_v1.tag_usage.outputs IS 'Pictures that these generations made.';
COMMENT ON COLUMN rage_v1.tag_usage.outputs_kept IS 'Those of them that were kept.';
COMMENT ON COLUMN rage_v1.tag_usage.ratings IS 'Ratings of these pictures, by whomever.';
COMMENT ON COLUMN rage_v1.tag_usage.mean_rating IS 'Their mean, from -1 to 1; null where there is none.';
COMMENT ON COLUMN rage_v1.tag_usage.cost_usd IS 'US dollars that these generations cost, as far as that is known.';
COMMENT ON COLUMN rage_v1.tag_usage.calls_without_cost IS 'Of their paid calls, those whose cost is not known, or not yet: nothing of them is in cost_usd.';
COMMENT ON COLUMN rage_v1.tag_usage.first_used_at IS 'When the first of these generations was asked for.';
COMMENT ON COLUMN rage_v1.tag_usage.last_used_at IS 'When the last of these generations was asked for.';
