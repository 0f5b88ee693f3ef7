select
    framework,
    node,
    weighting,
    consistency_ratio
from marts.framework_node
where consistency_ratio > 0.1
order by framework, node
