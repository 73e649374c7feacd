-- Which images a captioner has yet to describe.

CREATE OR REPLACE FUNCTION rage.undescribed(
    reader text, brand text, images bigint[], described_since timestamptz, failed_before timestamptz, tries integer
) RETURNS TABLE (image_id bigint, brand_id integer, content_id bigint, claimed_until timestamptz, run_id uuid)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT i.image_id, i.brand_id, i.content_id, t.claimed_until, t.run_id
    FROM rage.images AS i
    JOIN rage.contents AS o USING (content_id)
    LEFT JOIN rage.descriptions AS d
        ON d.image_id = i.image_id
       AND d.reader = undescribed.reader
       AND d.content_id = i.content_id
       AND (undescribed.described_since IS NULL OR d.created_at >= undescribed.described_since)
    LEFT JOIN rage.caption_tries AS t ON t.image_id = i.image_id AND t.reader = undescribed.reader
    WHERE i.deleted_at IS NULL
      AND o.erased_at IS NULL
      AND o.thumbnail IS NOT NULL
      AND d.image_id IS NULL
      AND (undescribed.brand IS NULL
           OR i.brand_id = (SELECT b.brand_id FROM rage.brands AS b WHERE b.key = rage.normal_form(undescribed.brand)))
      AND (undescribed.images IS NULL OR i.image_id = ANY (undescribed.images))
      AND (t.image_id IS NULL
           OR t.content_id <> i.content_id
           OR (t.attempts < undescribed.tries AND (t.failed_at IS NULL OR t.failed_at < undescribed.failed_before)));
END;
COMMENT ON FUNCTION rage.undescribed(text, text, bigint[], timestamptz, timestamptz, integer) IS
    'Images without a description of what they show now, or with one from before a moment; held ones and those that failed since another moment are left out.';
