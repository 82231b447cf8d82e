/**
 * The ledger: jobs, tasks, leases and events, the catalogue of bundles, and the nodes of the farm.
 *
 * <p>The only package that speaks SQL. No actors, no HTTP, no tensors.
 *
 * <p>Read {@code db/migration/V1__ledger.sql} first, then {@link glimt.ledger.Jobs} (submits, reads
 * and cancels jobs; {@code GroupCommit} writes concurrent submissions together) and {@link
 * glimt.ledger.Tasks} (claims, renews and ends tasks) with its parts {@code Claims} (which worker
 * gets which task), {@code Leases} (renewal and expiry), {@code Endings} (the consequences of an
 * attempt's end) and {@code Repairs} (making lost files again). Six rules hold throughout:
 *
 * <ul>
 *   <li>every update of a running task has the condition {@code WHERE id = ? AND attempt = ? AND
 *       state = 'running'}, so a worker that lost its lease changes nothing;
 *   <li>a job's ending is written once, {@code WHERE ended IS NULL}, under the job's row lock;
 *   <li>a transaction that locks several rows locks jobs before tasks, each in the order of ids;
 *   <li>claims and endings find their rows by an index, so that their cost depends neither on the
 *       number of waiting tasks nor on the planner's statistics;
 *   <li>all times are by the database's clock;
 *   <li>all attempts that contribute to a task's result are of one numeric class. The tasks of one
 *       job may be of different classes, and each attempt records its own; only a farm with a
 *       single class makes the same bytes for the same request.
 * </ul>
 *
 * <p>A job may take a finished level over from another ({@code TakenLevel}): the tasks of that
 * level are rows of its own that are done from the start, with the other's products. So nothing of
 * it depends on the other job, which may be deleted; only a lost file is made again by the other. A
 * draft is a job whose last level is the base.
 *
 * <p>A released migration must not change, not even its comments: Flyway compares checksums and
 * refuses a database that was migrated with another text. So the comment in {@code
 * V2__the_farm_survives.sql} about nodes of the version before is out of date: nodes of different
 * versions do not form a farm.
 */
@NullMarked
package glimt.ledger;

import org.jspecify.annotations.NullMarked;
