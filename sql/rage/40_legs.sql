-- Which legs a search runs, and the query vector of each.

CREATE OR REPLACE FUNCTION rage.leg_weights(legs jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    unknown  text;
    bad      text;
BEGIN
    IF legs IS NULL THEN
        RETURN (SELECT jsonb_object_agg(l.leg, l.weight) FROM rage.search_legs AS l);
    END IF;
    IF jsonb_typeof(legs) <> 'object' THEN
        RAISE EXCEPTION 'legs must be an object of leg names and weights'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'legs';
    END IF;
    SELECT key INTO unknown FROM jsonb_object_keys(legs) AS key
    WHERE key NOT IN (SELECT l.leg FROM rage.search_legs AS l) LIMIT 1;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'unknown leg "%": there are %', unknown,
            (SELECT string_agg(l.leg, ', ' ORDER BY l.leg) FROM rage.search_legs AS l)
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'legs';
    END IF;
    -- A real holds what lies between, and the score of the last rank too.
    SELECT key INTO bad FROM jsonb_each(legs) AS e (key, value)
    WHERE CASE jsonb_typeof(value)
              WHEN 'number' THEN value::numeric <> 0 AND value::numeric NOT BETWEEN 0.000001 AND 1000000
              ELSE true
          END
    LIMIT 1;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'the weight of leg "%" must be 0, or a number from 0.000001 to 1000000', bad
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'legs.' || bad;
    END IF;
    IF NOT EXISTS (SELECT FROM jsonb_each(legs) AS e (key, value) WHERE value::numeric > 0) THEN
        RAISE EXCEPTION 'at least one leg needs a weight above 0'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'legs';
    END IF;
    RETURN legs;
END
$function$;
COMMENT ON FUNCTION rage.leg_weights(jsonb) IS 'The weights of a search''s legs, checked; where none are given, the stored ones.';


CREATE OR REPLACE FUNCTION rage.checked_vector(given jsonb, leg text, dimensions integer) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    parsed halfvec;
BEGIN
    IF jsonb_typeof(given) <> 'array' OR jsonb_array_length(given) <> dimensions THEN
        RAISE EXCEPTION 'the vector of leg "%" must be an array of % numbers', leg, dimensions
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'vectors.' || leg;
    END IF;
    BEGIN
        parsed := given::text::halfvec;
    EXCEPTION WHEN data_exception THEN
        RAISE EXCEPTION 'the vector of leg "%" must be an array of % numbers', leg, dimensions
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'vectors.' || leg;
    END;
    IF l2_norm(parsed) = 0 THEN
        RAISE EXCEPTION 'the vector of leg "%" is zero: it has no direction to compare', leg
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'vectors.' || leg;
    END IF;
    RETURN to_jsonb(parsed::text);
END
$function$;
COMMENT ON FUNCTION rage.checked_vector(jsonb, text, integer) IS 'A query vector that may be compared, as pgvector writes it, or a clear error.';


CREATE OR REPLACE FUNCTION rage.stored_prompt_vector(prompt text, space integer) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN (
    SELECT to_jsonb(v.embedding::text)
    FROM rage.prompt_vectors AS v
    WHERE v.space_id = space
      AND v.prompt_md5 = md5(stored_prompt_vector.prompt)::uuid
      AND v.prompt = stored_prompt_vector.prompt
      AND (v.caller_id IS NULL OR v.caller_id = rage.caller_id())
      AND rage.has_scope('read')
    ORDER BY v.caller_id NULLS LAST
    LIMIT 1
);
COMMENT ON FUNCTION rage.stored_prompt_vector(text, integer) IS 'The vector of a prompt in a space, if who asks or the operator has had it embedded.';


CREATE OR REPLACE FUNCTION rage.style_named_by(caption_vector jsonb, style_space integer, allowed integer[]) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    caption_space  rage.embedding_spaces;
    style          jsonb;
BEGIN
    IF caption_vector IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT s.* INTO caption_space
    FROM rage.search_legs AS l JOIN rage.embedding_spaces AS s USING (space_id)
    WHERE l.leg = 'caption';
    -- Words have no place in a space of styles. The style picture whose caption lies nearest to the
    -- prompt lends its own vector: pseudo-relevance feedback (Rocchio 1971) with one document.
    EXECUTE format(
        'SELECT to_jsonb(look.embedding::text)'
        ' FROM rage.images AS i'
        ' JOIN rage.embeddings AS said ON said.space_id = %1$s AND said.image_id = i.image_id'
        ' JOIN rage.embeddings AS look ON look.space_id = %2$s AND look.image_id = i.image_id'
        ' WHERE i.kind = ''style'' AND i.state = ''approved'' AND i.deleted_at IS NULL'
        ' AND ($2 IS NULL OR i.brand_id = ANY ($2))'
        ' ORDER BY said.embedding::halfvec(%3$s) <=> ($1 #>> ''{}'')::halfvec(%3$s), i.image_id'
        ' LIMIT 1',
        caption_space.space_id, style_space, caption_space.dimensions)
    INTO style USING caption_vector, allowed;
    RETURN style;
END
$function$;
COMMENT ON FUNCTION rage.style_named_by(jsonb, integer, integer[]) IS
    'The style vector of the approved style picture that a prompt''s caption vector lies nearest to.';


CREATE OR REPLACE FUNCTION rage.query_vectors(
    prompt text, weights jsonb, vectors jsonb, demanded boolean, allowed integer[]
) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    leg_space  record;
    vector     jsonb;
    found      jsonb := '{}';
    unknown    text;
BEGIN
    IF jsonb_typeof(vectors) <> 'object' THEN
        RAISE EXCEPTION 'vectors must be an object of leg names and vectors'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'vectors';
    END IF;
    SELECT key INTO unknown FROM jsonb_object_keys(vectors) AS key
    WHERE key NOT IN (SELECT l.leg FROM rage.search_legs AS l WHERE l.space_id IS NOT NULL) LIMIT 1;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'there is no leg "%" with a space that a vector could be compared in', unknown
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'vectors';
    END IF;
    FOR leg_space IN
        SELECT l.leg, s.space_id, s.dimensions, s.encodes
        FROM rage.search_legs AS l JOIN rage.embedding_spaces AS s USING (space_id)
        WHERE (weights ->> l.leg)::real > 0
        ORDER BY s.encodes = 'style', l.leg
    LOOP
        IF vectors ? leg_space.leg THEN
            vector := rage.checked_vector(vectors -> leg_space.leg, leg_space.leg, leg_space.dimensions);
        ELSE
            vector := rage.stored_prompt_vector(prompt, leg_space.space_id);
            IF vector IS NULL AND leg_space.encodes = 'style' THEN
                vector := rage.style_named_by(
                    coalesce(found -> 'caption', rage.stored_prompt_vector(prompt, (
                        SELECT l.space_id FROM rage.search_legs AS l WHERE l.leg = 'caption'))),
                    leg_space.space_id,
                    allowed);
            END IF;
        END IF;
        IF vector IS NOT NULL THEN
            found := found || jsonb_build_object(leg_space.leg, vector);
        ELSIF demanded THEN
            RAISE EXCEPTION 'the prompt is not embedded yet for leg "%"', leg_space.leg
                USING ERRCODE = 'no_data_found', COLUMN = 'legs.' || leg_space.leg,
                      HINT = 'Run `rage embed` with the prompt, or call rage_v1.request_prompt_vector(prompt) and try again.';
        END IF;
    END LOOP;
    IF demanded AND found = '{}' AND coalesce((weights ->> 'text')::real, 0) = 0 THEN
        RAISE EXCEPTION 'none of these legs has a space to search'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'legs';
    END IF;
    RETURN found;
END
$function$;
COMMENT ON FUNCTION rage.query_vectors(text, jsonb, jsonb, boolean, integer[]) IS
    'The query vector of every weighted leg, as pgvector writes it: the one given, the stored one of the prompt, or for style the one that the prompt names.';
