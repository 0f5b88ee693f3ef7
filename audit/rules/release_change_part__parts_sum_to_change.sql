-- The four factors make up the change of score and rank, and the indicators the part of data.
with root_sums as (
    select
        framework,
        edition,
        city_id,
        sum(score_part) as score_sum,
        sum(rank_part) as rank_sum
    from difference.release_change_part
    where level > 1
    group by framework, edition, city_id
),

leaf_sums as (
    select
        framework,
        edition,
        city_id,
        sum(score_part) as score_sum,
        sum(rank_part) as rank_sum
    from difference.release_change_part
    where level = 1
    group by framework, edition, city_id
),

data_parts as (
    select
        framework,
        edition,
        city_id,
        score_part,
        rank_part
    from difference.release_change_part
    where level > 1 and change_factor = 'data'
),

moved as (
    select
        framework,
        edition,
        city_id,
        score_change,
        rank_change
    from difference.release_change_reason
    where change_kind = 'moved'
)

select
    'the change' as whole,
    coalesce(moved.framework, root_sums.framework) as framework,
    coalesce(moved.edition, root_sums.edition) as edition,
    coalesce(moved.city_id, root_sums.city_id) as city_id,
    coalesce(moved.score_change, 0) as score_whole,
    root_sums.score_sum,
    coalesce(moved.rank_change, 0) as rank_whole,
    root_sums.rank_sum
from moved
full join root_sums
    on
        moved.framework = root_sums.framework
        and moved.edition = root_sums.edition
        and moved.city_id = root_sums.city_id
where
    not coalesce(
        abs(coalesce(moved.score_change, 0) - root_sums.score_sum) <= 1e-9
        and abs(coalesce(moved.rank_change, 0) - root_sums.rank_sum) <= 1e-9,
        false
    )

union all

select
    'data' as whole,
    data_parts.framework,
    data_parts.edition,
    data_parts.city_id,
    data_parts.score_part as score_whole,
    leaf_sums.score_sum,
    data_parts.rank_part as rank_whole,
    leaf_sums.rank_sum
from data_parts
left join leaf_sums
    on
        data_parts.framework = leaf_sums.framework
        and data_parts.edition = leaf_sums.edition
        and data_parts.city_id = leaf_sums.city_id
where
    abs(data_parts.score_part - coalesce(leaf_sums.score_sum, 0)) > 1e-9
    or abs(data_parts.rank_part - coalesce(leaf_sums.rank_sum, 0)) > 1e-9
order by framework, edition, city_id
