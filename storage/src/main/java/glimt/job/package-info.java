/**
 * The domain types of a job: its spec, how it is split into tasks, and how attempts at them end.
 *
 * <p>Pure JDK: no I/O, no clock, no SQL, no JSON.
 */
@NullMarked
package glimt.job;

import org.jspecify.annotations.NullMarked;
