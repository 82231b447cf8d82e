/**
 * One device slot: takes a task, makes its artifact, keeps its lease warm.
 *
 * <p>No SQL, no HTTP.
 */
@NullMarked
package glimt.worker;

import org.jspecify.annotations.NullMarked;
