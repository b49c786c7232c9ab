SELECT name, fact FROM facts
WHERE substr(name, 1, length(?1)) = ?1
ORDER BY n
