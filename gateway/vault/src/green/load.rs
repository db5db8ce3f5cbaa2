//! What lies in memory is made of what lies on disk.

use rusqlite::Connection;

use super::embedder::Space;
use super::matrix::Matrix;
use super::words::Counts;

/// The vectors of this space.
pub(super) fn matrix(db: &Connection, space: &Space) -> rusqlite::Result<Matrix> {
    let mut matrix = Matrix::new(space.dimensions);
    let count: i64 = db.query_row(
        "SELECT count(*) FROM vector WHERE space = ?1",
        [&space.name],
        |row| row.get(0),
    )?;
    matrix.reserve(usize::try_from(count).unwrap_or(0));
    let mut query = db.prepare("SELECT n, value FROM vector WHERE space = ?1")?;
    let mut rows = query.query([&space.name])?;
    let mut vector = Vec::with_capacity(space.dimensions);
    while let Some(row) = rows.next()? {
        read_vector(row.get_ref(1)?.as_blob()?, &mut vector);
        // One that was damaged is as good as none: it is made anew with the next model.
        if vector.len() == space.dimensions {
            matrix.set(row.get(0)?, &vector);
        }
    }
    Ok(matrix)
}

/// How many entries hold each word.
pub(super) fn counts(db: &Connection) -> rusqlite::Result<Counts> {
    let all = db.query_row("SELECT count(*) FROM entry", [], |row| row.get(0))?;
    let mut counts = Counts::of_entries(all);
    let mut query = db.prepare("SELECT term, doc FROM temp.vocabulary")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        counts.set(row.get(0)?, row.get(1)?);
    }
    Ok(counts)
}

/// Floats as they lie on disk, little-endian.
pub(super) fn read_vector(bytes: &[u8], out: &mut Vec<f32>) {
    out.clear();
    let (numbers, _) = bytes.as_chunks::<4>();
    out.extend(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)));
}

/// See [`read_vector`].
pub(super) fn written_vector(vector: &[f32]) -> Vec<u8> {
    vector
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}
