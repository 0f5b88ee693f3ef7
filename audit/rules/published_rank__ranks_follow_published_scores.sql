with ordered as (
    select
        report_id,
        cohort,
        city_id,
        rank,
        score,
        lag(rank) over (partition by report_id, cohort order by rank, score) as rank_above,
        lag(score) over (partition by report_id, cohort order by rank, score) as score_above
    from marts.published_rank
    where rank is not null and score is not null
),

step as (
    select
        *,
        case when rank > rank_above then sign(score - score_above) end as direction
    from ordered
),

counted as (
    select
        *,
        count(*) filter (where direction > 0) over (partition by report_id, cohort) as n_rises,
        count(*) filter (where direction < 0) over (partition by report_id, cohort) as n_falls
    from step
)

select
    report_id,
    cohort,
    city_id,
    rank,
    score,
    score_above as score_of_the_rank_above
from counted
where (direction > 0 and n_falls >= n_rises) or (direction < 0 and n_rises > n_falls)
order by report_id, cohort, rank
