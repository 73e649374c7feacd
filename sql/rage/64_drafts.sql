-- What a kept output is called: drafted from what it was made from, where nobody has said anything yet.

CREATE OR REPLACE FUNCTION rage.lending_references(of_generation uuid)
RETURNS TABLE (place integer, role text, image_id bigint, brand_id integer, kind text, title text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- A picture that is changed before anybody kept it has no words yet: those that it was made from stand for it.
    WITH RECURSIVE making AS (
        SELECT g.generation_id, g.brand_id, 0 AS depth
        FROM rage.generations AS g
        WHERE g.generation_id = lending_references.of_generation
        UNION
        SELECT o.generation_id, m.brand_id, m.depth + 1
        FROM making AS m
        JOIN rage.generation_references AS r USING (generation_id)
        JOIN rage.images AS i ON i.image_id = r.image_id AND i.state = 'draft' AND i.origin = 'generated'
        JOIN rage.generation_outputs AS o ON o.image_id = r.image_id
        WHERE r.role = 'edit_target' AND i.brand_id = m.brand_id AND m.depth < 20
    )
    SELECT (m.depth * 100 + r.position)::integer, r.role, i.image_id, i.brand_id, i.kind, i.title
    FROM making AS m
    JOIN rage.generation_references AS r USING (generation_id)
    JOIN rage.images AS i ON i.image_id = r.image_id AND i.deleted_at IS NULL
    JOIN rage.brands AS b ON b.brand_id = i.brand_id
    -- Whoever sees the paying brand sees the output: of another brand's image it says nothing.
    WHERE i.brand_id = m.brand_id OR b.reserved;
END;
COMMENT ON FUNCTION rage.lending_references(uuid) IS
    'The references whose words an output of a generation may carry: images that are there, of the paying brand or shared, in order.';


CREATE OR REPLACE FUNCTION rage.drafted_tags(of_generation uuid) RETURNS text[]
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(array_agg(d.name ORDER BY d.place, d.name), '{}')
    FROM (
        SELECT t.name, min(l.place) AS place
        FROM rage.lending_references(drafted_tags.of_generation) AS l
        JOIN rage.image_tags AS it ON it.image_id = l.image_id
        JOIN rage.tags AS t USING (tag_id)
        WHERE l.role IN ('product', 'subject', 'logo', 'edit_target', 'background')
           -- Of a style its look alone is taken: not the sunflowers that it was painted with.
           OR (l.role = 'style' AND starts_with(t.name, 'style/'))
        GROUP BY t.name
        ORDER BY min(l.place), t.name
        LIMIT 500
    ) AS d;
END;
COMMENT ON FUNCTION rage.drafted_tags(uuid) IS
    'Tags for an output: those of what it shows; of a style what lies below style/, of a layout none.';


CREATE OR REPLACE FUNCTION rage.drafted_skus(of_generation uuid) RETURNS text[]
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(array_agg(d.sku ORDER BY d.place, d.sku), '{}')
    FROM (
        SELECT p.sku, min(l.place * 1000::bigint + p.position) AS place
        FROM rage.lending_references(drafted_skus.of_generation) AS l
        JOIN rage.image_products AS p ON p.brand_id = l.brand_id AND p.image_id = l.image_id
        WHERE l.role IN ('product', 'edit_target')
        GROUP BY p.sku
        ORDER BY 2, p.sku
        LIMIT 500
    ) AS d;
END;
COMMENT ON FUNCTION rage.drafted_skus(uuid) IS 'Products for an output: those of the products that went into it, in order.';


CREATE OR REPLACE FUNCTION rage.drafted_kind(of_generation uuid) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH lent AS (
        SELECT l.place, l.role, l.kind FROM rage.lending_references(drafted_kind.of_generation) AS l
    )
    SELECT coalesce(
        (SELECT l.kind FROM lent AS l WHERE l.role = 'edit_target' AND l.kind <> 'other' ORDER BY l.place LIMIT 1),
        -- One picture, better or in another look, is still of its kind.
        (SELECT min(l.kind)
         FROM lent AS l
         WHERE l.role <> 'style'
           AND EXISTS (SELECT FROM rage.generations AS g
                       WHERE g.generation_id = drafted_kind.of_generation AND g.purpose IN ('enhance', 'style'))
         HAVING count(*) = 1),
        (SELECT 'scene' FROM lent AS l WHERE l.role = 'background' LIMIT 1),
        'other');
END;
COMMENT ON FUNCTION rage.drafted_kind(uuid) IS
    'Kind of an output: that of the one picture that it is a version of, scene where it was set before a background, else other.';


CREATE OR REPLACE FUNCTION rage.drafted_caption(of_generation uuid, prompted text) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE WHEN count(n.title) > 0 THEN left(concat_ws(' ',
        drafted_caption.prompted || CASE WHEN drafted_caption.prompted ~ '[.!?…]$' THEN '' ELSE '.' END,
        'Shows ' || string_agg(n.title, ', ' ORDER BY n.place) FILTER (WHERE n.part = 'shown') || '.',
        'Setting: ' || string_agg(n.title, ', ' ORDER BY n.place) FILTER (WHERE n.part = 'setting') || '.',
        'Style: ' || string_agg(n.title, ', ' ORDER BY n.place) FILTER (WHERE n.part = 'style') || '.'), 4000) END
    FROM (
        SELECT l.part, rtrim(left(l.title, 200), '. ') AS title, min(l.place) AS place
        FROM (
            SELECT r.place, r.title,
                   CASE
                       WHEN r.role IN ('product', 'subject', 'logo', 'edit_target') THEN 'shown'
                       WHEN r.role = 'background' THEN 'setting'
                       WHEN r.role = 'style' THEN 'style'
                   END AS part
            FROM rage.lending_references(drafted_caption.of_generation) AS r
            WHERE r.title IS NOT NULL
        ) AS l
        WHERE l.part IS NOT NULL
          -- What the prompt says already needs no second mention.
          AND strpos(lower(coalesce(drafted_caption.prompted, '')), lower(rtrim(left(l.title, 200), '. '))) = 0
        GROUP BY 1, 2
    ) AS n;
END;
COMMENT ON FUNCTION rage.drafted_caption(uuid, text) IS
    'Caption of an output: the words that it was prompted by, if it was, and the titles of what went into it, by role; null where there are none.';


CREATE OR REPLACE FUNCTION rage.describe_output(
    of_generation uuid, at_position integer, first_title text, said jsonb, keeper text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
DECLARE
    output   record;
    words    text;
    is_said  boolean := said ? 'caption';
BEGIN
    -- Whoever may have pictures made may keep them, and need not have the right to write to the brand's images: of
    -- those, only a generated one is touched, once, and only where nobody has said anything.
    SELECT i.image_id, i.brand_id, g.prompt_sent IS NOT NULL AS is_prompted
    INTO output
    FROM rage.generation_outputs AS o
    JOIN rage.generations AS g USING (generation_id)
    JOIN rage.images AS i ON i.image_id = o.image_id AND i.brand_id = g.brand_id
    WHERE o.generation_id = of_generation AND o.position = at_position
      AND g.brand_id = ANY (rage.allowed_brands('generate'))
      AND i.origin = 'generated' AND i.deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM rage.generation_outputs AS k WHERE k.image_id = o.image_id AND k.kept_at IS NOT NULL)
    FOR NO KEY UPDATE OF i;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    UPDATE rage.images AS i
    SET title = CASE WHEN said ? 'title' AND i.title IS NOT DISTINCT FROM first_title THEN said ->> 'title' ELSE i.title END,
        kind = CASE WHEN i.kind = 'other' THEN coalesce(said ->> 'kind', rage.drafted_kind(of_generation)) ELSE i.kind END,
        updated_at = now()
    WHERE i.image_id = output.image_id;

    IF NOT EXISTS (SELECT FROM rage.captions AS c WHERE c.image_id = output.image_id AND (c.source <> 'generation' OR NOT c.is_current)) THEN
        words := CASE
            WHEN is_said THEN said ->> 'caption'
            ELSE rage.drafted_caption(of_generation, (SELECT c.text FROM rage.captions AS c
                                                      WHERE c.image_id = output.image_id AND c.is_current AND output.is_prompted))
        END;
        UPDATE rage.captions AS c
        SET is_current = false
        WHERE c.image_id = output.image_id AND c.is_current AND (is_said OR words IS NOT NULL) AND c.text IS DISTINCT FROM words;
        INSERT INTO rage.captions (brand_id, image_id, revision, text, source, author)
        SELECT output.brand_id, output.image_id, 1 + coalesce((SELECT max(c.revision) FROM rage.captions AS c WHERE c.image_id = output.image_id), 0),
               words, CASE WHEN is_said THEN 'person' ELSE 'generation' END, CASE WHEN is_said THEN keeper END
        WHERE words IS NOT NULL
          AND NOT EXISTS (SELECT FROM rage.captions AS c WHERE c.image_id = output.image_id AND c.is_current);
    END IF;

    IF NOT EXISTS (SELECT FROM rage.image_tags AS it WHERE it.image_id = output.image_id) THEN
        WITH names AS (
            SELECT DISTINCT unnest(CASE WHEN said ? 'tags' THEN rage.texts(said -> 'tags') ELSE rage.drafted_tags(of_generation) END) AS name
        ),
        new AS (
            INSERT INTO rage.tags (brand_id, name)
            SELECT output.brand_id, n.name FROM names AS n
            WHERE NOT EXISTS (SELECT FROM rage.tags AS t WHERE t.brand_id = output.brand_id AND t.name = n.name)
            ON CONFLICT (brand_id, name) DO NOTHING
            RETURNING tag_id
        )
        INSERT INTO rage.image_tags (brand_id, image_id, tag_id)
        SELECT output.brand_id, output.image_id, w.tag_id
        FROM (
            SELECT new.tag_id FROM new
            UNION ALL
            SELECT t.tag_id FROM names AS n JOIN rage.tags AS t ON t.brand_id = output.brand_id AND t.name = n.name
        ) AS w;
    END IF;

    INSERT INTO rage.image_products (brand_id, image_id, sku, position)
    SELECT output.brand_id, output.image_id, d.sku, d.place - 1
    FROM unnest(rage.drafted_skus(of_generation)) WITH ORDINALITY AS d (sku, place)
    WHERE NOT EXISTS (SELECT FROM rage.image_products AS p WHERE p.brand_id = output.brand_id AND p.image_id = output.image_id);

    PERFORM rage.refresh_documents(ARRAY[output.image_id]);
END
$function$;
COMMENT ON FUNCTION rage.describe_output(uuid, integer, text, jsonb, text) IS
    'Gives a generated picture that is kept for the first time its words: what the keeper says, else drafts; what somebody has said of it before stays. Whoever calls it holds the lock of the brand, as imports do.';
