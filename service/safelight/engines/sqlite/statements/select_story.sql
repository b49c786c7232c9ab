SELECT n, epoch, claimed_by, body FROM generations
WHERE id = ?
