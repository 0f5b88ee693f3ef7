select
    file,
    line,
    entity,
    message,
    remedy
from raw.catalog_error
order by file, line
