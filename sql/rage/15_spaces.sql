-- Which space an encoder's vectors belong to.

CREATE OR REPLACE FUNCTION rage.space_of(
    encoder text, model text, weights_sha256 text, dimensions integer, encodes text
) RETURNS integer
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN (
    SELECT s.space_id
    FROM rage.embedding_spaces AS s
    WHERE s.encoder = space_of.encoder
      AND s.model = space_of.model
      AND s.weights_sha256 IS NOT DISTINCT FROM space_of.weights_sha256
      AND s.dimensions = space_of.dimensions
      AND s.encodes = space_of.encodes
      AND s.state <> 'retired'
);
COMMENT ON FUNCTION rage.space_of(text, text, text, integer, text) IS
    'The space of an encoder: same model, same weights, same dimensions, same thing encoded; null where there is none.';
