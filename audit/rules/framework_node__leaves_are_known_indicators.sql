with named as (
    select
        framework,
        node,
        coalesce(indicator, '') as indicator,
        'indicator' as named_as
    from marts.framework_node
    where level = 1

    union all

    select
        framework,
        node,
        denominator as indicator,
        'denominator' as named_as
    from marts.framework_node
    where coalesce(denominator, '') <> ''
)

select
    named.framework,
    named.node,
    named.named_as,
    named.indicator
from named
left join marts.indicator as indicator on named.indicator = indicator.indicator
where indicator.indicator is null
order by named.framework, named.node, named.named_as
