-- name: get_prompt_vectors
-- A prompt's vectors in the spaces that are searched and read text.
SELECT s.name AS space, s.dimensions, rage_v1.prompt_vector(%(prompt)s, s.name) AS vector
FROM rage.embedding_spaces AS s
WHERE s.encodes = 'caption'
  AND s.space_id IN (SELECT l.space_id FROM rage.search_legs AS l)
  AND rage_v1.prompt_vector(%(prompt)s, s.name) IS NOT NULL
ORDER BY s.space_id;
