-- What is not divided, or moved ten places or more of which no indicator and no other factor makes
-- up a tenth.
with largest as (
    select
        parts.framework,
        parts.edition,
        parts.city_id,
        max(parts.rank_part * sign(reasons.rank_change)) as largest_rank_part,
        max(case when parts.change_factor = 'unexplained' then abs(parts.score_part) end)
            as unexplained_score_part
    from marts.index_change_part as parts
    inner join marts.index_change_reason as reasons
        on
            parts.framework = reasons.framework
            and parts.edition = reasons.edition
            and parts.city_id = reasons.city_id
    where
        (parts.level = 1 or parts.change_factor <> 'data')
    group by parts.framework, parts.edition, parts.city_id
)

select
    reasons.framework,
    reasons.edition,
    reasons.city_id,
    reasons.rank_change,
    reasons.score_change,
    largest.largest_rank_part,
    largest.unexplained_score_part,
    reasons.sentence
from marts.index_change_reason as reasons
left join largest
    on
        reasons.framework = largest.framework
        and reasons.edition = largest.edition
        and reasons.city_id = largest.city_id
where
    reasons.change_kind = 'moved'
    and (
        largest.unexplained_score_part is not null
        or (
            abs(reasons.rank_change) >= 10
            and coalesce(largest.largest_rank_part, 0) < 0.1 * abs(reasons.rank_change)
        )
    )
order by abs(reasons.rank_change) desc, reasons.framework, reasons.edition asc, reasons.city_id asc
