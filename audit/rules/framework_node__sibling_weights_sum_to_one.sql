select
    framework,
    parent,
    count(*) as children,
    sum(weight) as sum_of_weights,
    min(weight) as smallest_weight
from marts.framework_node
where coalesce(parent, '') <> ''
group by framework, parent
having abs(sum(weight) - 1) > 1e-9 or min(weight) < 0 or count(weight) < count(*)
order by framework, parent
