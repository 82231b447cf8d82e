/**
 * What glimt remembers: the ledger of jobs and tasks, the artifacts, the catalogue of bundles.
 *
 * <p>The only package that speaks SQL. No actors, no HTTP, no tensors.
 *
 * <p>Read {@code db/migration/V1__ledger.sql} first, then {@link glimt.storage.Jobs} (submitted,
 * read, cancelled), {@link glimt.storage.Tasks} (claimed, renewed, ended) and what follows from an
 * end, {@code Endings}. Four rules hold throughout:
 *
 * <ul>
 *   <li>every change to a running task says {@code WHERE id = ? AND attempt = ? AND state =
 *       'running'}, so a worker that lost its lease changes nothing;
 *   <li>a job's ending is written once, {@code WHERE ended IS NULL}, under its row's lock;
 *   <li>whoever locks more than one row locks jobs first and tasks then, each in the order of ids;
 *   <li>time is the database's.
 * </ul>
 */
@NullMarked
package glimt.storage;

import org.jspecify.annotations.NullMarked;
