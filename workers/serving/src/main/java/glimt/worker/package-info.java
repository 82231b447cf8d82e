/**
 * The worker process of one device slot: takes tasks, makes their results, and renews its leases.
 *
 * <p>No SQL, no HTTP.
 */
@NullMarked
package glimt.worker;

import org.jspecify.annotations.NullMarked;
