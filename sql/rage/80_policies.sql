-- Row-level security: who sees and changes which rows. The owner of the tables is exempt, and with it the
-- functions that run as the owner: those filter by rage.allowed_brands themselves.

DO $policies$
DECLARE
    guarded  record;
    -- Each function is asked once a statement, as a subquery, not once a row.
    rights   CONSTANT jsonb := jsonb_build_object(
        '{read}', '((SELECT rage.sees_every_brand()) OR brand_id = ANY ((SELECT rage.allowed_brands())::integer[]))',
        '{write}', '((SELECT rage.is_operator()) OR brand_id = ANY ((SELECT rage.allowed_brands(''write''))::integer[]))',
        '{generate}', '((SELECT rage.is_operator()) OR brand_id = ANY ((SELECT rage.allowed_brands(''generate''))::integer[]))',
        '{admin}', '((SELECT rage.is_operator()) OR brand_id = ANY ((SELECT rage.allowed_brands(''admin''))::integer[]))',
        '{operator}', '(SELECT rage.is_operator())',
        '{every}', '(SELECT rage.sees_every_brand())',
        -- Foreign keys look past the policies: what a new row refers to must be seen.
        '{image}', 'EXISTS (SELECT FROM rage.images AS i WHERE i.image_id = {table}.image_id)',
        '{shown}', 'EXISTS (SELECT FROM rage.image_versions AS v JOIN rage.images AS i USING (image_id)'
                   ' WHERE v.content_id = contents.content_id AND i.erased_at IS NULL)',
        '{same answer}', '(brand_ids <> ''{}'' AND brand_ids <@ (SELECT rage.allowed_brands()))');
    name     text;
    meaning  text;
BEGIN
    FOR guarded IN
        -- seen: SELECT; added: INSERT; changed: UPDATE, DELETE and locks; becomes: what an UPDATE may make of a row.
        SELECT * FROM (VALUES
            -- Brands, and what belongs to one.
            ('brands', '{read}', '{every} AND (SELECT rage.has_scope(''write''))', '{write} OR {generate} OR {admin}', '{admin}'),
            ('images', '{read}', '{write}', '{write} OR (origin = ''generated'' AND {generate})', NULL),
            ('image_versions', '{read}', '{write} AND {image}', '{write}', NULL),
            ('image_identifiers', '{read}', '{write}', '{write}', NULL),
            ('image_products', '{read}', '{write}', '{write}', NULL),
            ('image_tags', '{read}', '{write}', '{write}', NULL),
            ('image_documents', '{read}', '{write} AND {image}', '{write}', NULL),
            ('text_configurations', '{read}', '{write}', '{write}', NULL),
            ('common_words', '{read}', '{operator}', '{operator}', NULL),
            ('captions', '{read}', '{write} AND {image}', '{write}', NULL),
            ('descriptions', '{read}', '{write} AND {image}', '{write}', NULL),
            ('caption_tries', '{read}', '{write} AND {image}', '{write}', NULL),
            ('tags', '{read}', '{write}', '{write}', NULL),
            ('collections', '{read}', '{write}', '{write}', NULL),
            ('embeddings', '{read}', '{write} AND {image}', '{write}', NULL),
            ('failed_items', '{read}', '{write} AND {image}', '{write}', NULL),
            ('generations', '{read}', '{generate}', '{generate}', NULL),
            ('generation_batches', '{read}', '{generate}', '{generate}', NULL),
            ('paid_calls', '{read}', '{operator}', '{operator}', NULL),
            -- One of no brand counts everybody's calls.
            ('budgets', '{read}', '{operator}', '{operator}', NULL),

            -- What belongs to the brand of another row. The subqueries are under the policies of their tables.
            ('contents', '{every} OR {shown}', '{operator}', '{every} OR {shown}', '{operator}'),
            ('collection_images',
             'EXISTS (SELECT FROM rage.collections AS c WHERE c.collection_id = collection_images.collection_id)',
             'EXISTS (SELECT FROM rage.collections AS c WHERE c.collection_id = collection_images.collection_id AND {write}) AND {image}',
             'EXISTS (SELECT FROM rage.collections AS c WHERE c.collection_id = collection_images.collection_id AND {write})',
             'EXISTS (SELECT FROM rage.collections AS c WHERE c.collection_id = collection_images.collection_id AND {write}) AND {image}'),
            ('generation_references',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = generation_references.generation_id)',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = generation_references.generation_id AND {generate}) AND {image}',
             '{operator}', NULL),
            ('generation_batch_items',
             'EXISTS (SELECT FROM rage.generation_batches AS b WHERE b.batch_id = generation_batch_items.batch_id)',
             'EXISTS (SELECT FROM rage.generation_batches AS b WHERE b.batch_id = generation_batch_items.batch_id AND {generate})',
             'EXISTS (SELECT FROM rage.generation_batches AS b WHERE b.batch_id = generation_batch_items.batch_id AND {generate})', NULL),
            ('generation_masks',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = generation_masks.generation_id)',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = generation_masks.generation_id AND {generate})',
             '{operator}', NULL),
            ('generation_partials',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = generation_partials.generation_id)', '{operator}',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = generation_partials.generation_id AND {generate})', NULL),
            ('generation_outputs',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = generation_outputs.generation_id)', '{operator}',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = generation_outputs.generation_id AND {generate})', NULL),
            ('generation_events',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = generation_events.generation_id)',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = generation_events.generation_id AND {generate})',
             '{operator}', NULL),
            ('refinements',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = refinements.root_id)',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = refinements.root_id AND {generate})',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = refinements.root_id AND {generate})', NULL),
            ('refinement_steps',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = refinement_steps.root_id)',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = refinement_steps.root_id AND {generate})'
             ' AND EXISTS (SELECT FROM rage.generations AS s WHERE s.generation_id = refinement_steps.generation_id)',
             '{operator}', NULL),
            ('judgements',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = judgements.generation_id)', '{operator}',
             '{operator}', NULL),
            ('judgement_concepts',
             'EXISTS (SELECT FROM rage.judgements AS j WHERE j.judgement_id = judgement_concepts.judgement_id)', '{operator}',
             '{operator}', NULL),
            ('ratings',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = ratings.generation_id)',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = ratings.generation_id AND {generate})',
             'EXISTS (SELECT FROM rage.generations AS g WHERE g.generation_id = ratings.generation_id AND {generate})', NULL),

            -- What was asked is seen by who could have been given the same answer.
            ('searches', '{every} OR {same answer}',
             '{every} OR {same answer}', '{operator}', NULL),
            ('search_results', 'EXISTS (SELECT FROM rage.searches AS s WHERE s.search_id = search_results.search_id)',
             'EXISTS (SELECT FROM rage.searches AS s WHERE s.search_id = search_results.search_id) AND {image}', '{operator}', NULL),
            ('proposals', '{every} OR {same answer}',
             '{every} OR {same answer}', '{operator}', NULL),
            ('proposal_references', 'EXISTS (SELECT FROM rage.proposals AS p WHERE p.proposal_id = proposal_references.proposal_id)',
             'EXISTS (SELECT FROM rage.proposals AS p WHERE p.proposal_id = proposal_references.proposal_id) AND {image}', '{operator}', NULL),
            ('prompt_vectors', '(SELECT rage.has_scope(''read'')) AND (caller_id IS NULL OR caller_id = (SELECT rage.caller_id()))',
             'caller_id IS NOT DISTINCT FROM (SELECT rage.caller_id())',
             'caller_id IS NOT DISTINCT FROM (SELECT rage.caller_id())', NULL),

            -- Everybody's to read, the operator's to change.
            ('embedding_spaces', 'true', '{operator}', '{operator}', NULL),
            ('search_legs', 'true', '{operator}', '{operator}', NULL),
            ('prices', 'true', '{operator}', '{operator}', NULL),

            -- Its figures count every brand's images.
            ('index_audits', '{every}', '{operator}', '{operator}', NULL),
            ('fillers', '{every}', '{operator}', '{operator}', NULL),
            ('picture_hashes', '{operator}', '{operator}', '{operator}', NULL),
            ('embedding_claims', '{operator}', '{operator}', '{operator}', NULL),
            ('provider_pauses', '{operator}', '{operator}', '{operator}', NULL),

            -- What workers do, with the prompts in it.
            ('procrastinate_jobs', '{operator}', '{operator}', '{operator}', NULL),
            ('procrastinate_events', '{operator}', '{operator}', '{operator}', NULL),

            -- The operator's alone; of the audit log an admin sees what concerns their brands.
            ('callers', '{operator}', '{operator}', '{operator}', NULL),
            ('caller_brands', '{operator}', '{operator}', '{operator}', NULL),
            ('api_keys', '{operator}', '{operator}', '{operator}', NULL),
            ('page_sessions', '{operator}', '{operator}', '{operator}', NULL),
            ('audit_log', '{admin} OR ({every} AND (SELECT rage.has_scope(''admin'')))', 'false', 'false', NULL)
        ) AS g (tab, seen, added, changed, becomes)
    LOOP
        FOR name, meaning IN SELECT * FROM jsonb_each_text(rights) LOOP
            guarded.seen := replace(guarded.seen, name, meaning);
            guarded.added := replace(guarded.added, name, meaning);
            guarded.changed := replace(guarded.changed, name, meaning);
            guarded.becomes := replace(guarded.becomes, name, meaning);
        END LOOP;
        guarded.added := replace(guarded.added, '{table}', guarded.tab);
        guarded.becomes := replace(guarded.becomes, '{table}', guarded.tab);
        EXECUTE format('ALTER TABLE rage.%I ENABLE ROW LEVEL SECURITY', guarded.tab);
        EXECUTE format('CREATE POLICY seen ON rage.%I FOR SELECT USING (%s)', guarded.tab, guarded.seen);
        EXECUTE format('CREATE POLICY added ON rage.%I FOR INSERT WITH CHECK (%s)', guarded.tab, guarded.added);
        EXECUTE format('CREATE POLICY changed ON rage.%I FOR UPDATE USING (%s) WITH CHECK (%s)',
                       guarded.tab, guarded.changed, coalesce(guarded.becomes, guarded.changed));
        EXECUTE format('CREATE POLICY removed ON rage.%I FOR DELETE USING (%s)', guarded.tab, guarded.changed);
    END LOOP;
    -- Partitions are reached through their table; a role that may read everything on the server reads none directly.
    FOR name IN
        SELECT c.relname FROM pg_class AS c
        WHERE c.relnamespace = 'rage'::regnamespace AND c.relispartition AND c.relkind = 'r'
    LOOP
        EXECUTE format('ALTER TABLE rage.%I ENABLE ROW LEVEL SECURITY', name);
    END LOOP;
END
$policies$;


-- Whoever can connect can LISTEN: a notification would tell every login of the server that somebody has work done.
-- Workers look for jobs by themselves.
ALTER TABLE rage.procrastinate_jobs DISABLE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1;
ALTER TABLE rage.procrastinate_jobs DISABLE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1;
