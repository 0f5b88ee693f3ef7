-- Every city that an edition or the one before it ranks, with its scores and ranks in both.
with

pairs as (

    select * from {{ ref('int_index_edition_pair') }}

),

rankings as (

    select * from {{ ref('index_ranking') }}

),

now_ as (

    select
        pairs.edition_before,
        rankings.*
    from rankings
    inner join pairs
        on rankings.framework = pairs.framework and rankings.edition = pairs.edition

),

before_ as (

    select
        pairs.edition as edition_after,
        rankings.*
    from rankings
    inner join pairs
        on rankings.framework = pairs.framework and rankings.edition = pairs.edition_before

),

final as (

    select
        coalesce(now_.framework, before_.framework) as framework,
        coalesce(now_.edition, before_.edition_after) as edition,
        coalesce(now_.edition_before, before_.edition) as edition_before,
        coalesce(now_.city_id, before_.city_id) as city_id,
        coalesce(now_.city_name, before_.city_name) as city_name,
        case
            when before_.rank is null then 'entered'
            when now_.rank is null then 'left'
            else 'moved'
        end as change_kind,
        now_.rank,
        before_.rank as rank_before,
        now_.score,
        before_.score as score_before,
        case
            when before_.rank is null then coalesce(before_.reason, 'not in the universe')
            when now_.rank is null then coalesce(now_.reason, 'not in the universe')
        end as not_ranked_reason
    from now_
    full outer join before_
        on
            now_.framework = before_.framework
            and now_.edition = before_.edition_after
            and now_.city_id = before_.city_id
    where now_.rank is not null or before_.rank is not null

)

select * from final
