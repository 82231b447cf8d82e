/**
 * The ledger: jobs, tasks, leases and events, the catalogue of bundles, and the nodes of the farm.
 *
 * <p>The only package that speaks SQL. No actors, no HTTP, no tensors.
 *
 * <p>Read {@code db/migration/V1__ledger.sql} first, then {@link glimt.ledger.Jobs} (submitted,
 * several {@code GroupCommit} where several come at once; read, cancelled), {@link
 * glimt.ledger.Tasks} (claimed, renewed, ended) and behind it {@code Claims} (who is given what),
 * {@code Leases} (kept and lost), {@code Settlements} (what follows from the end of an attempt:
 * {@code Successes}, {@code Retries}, {@code LockedJobs}) and {@code Repairs} (lost files made
 * again). The calls between the classes form no cycle. Six rules hold throughout:
 *
 * <ul>
 *   <li>every change to a running task says {@code WHERE id = ? AND attempt = ? AND state =
 *       'running'}, so a worker that lost its lease changes nothing;
 *   <li>a job's ending is written once, {@code WHERE ended IS NULL}, under its row's lock;
 *   <li>whoever locks more than one row locks jobs first and tasks then, each in the order of ids;
 *   <li>a claim and an end find their rows by an index, however many wait and whatever the planner
 *       believes;
 *   <li>time is the database's;
 *   <li>a task's result comes from one numeric class, whatever became of its other attempts; the
 *       tasks of one job may be of several, each attempt says which, and only a farm of one class
 *       promises the same bytes for the same request.
 * </ul>
 */
@NullMarked
package glimt.ledger;

import org.jspecify.annotations.NullMarked;
