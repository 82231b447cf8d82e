/**
 * The PostgreSQL that comes with glimt: its programs unpacked, its cluster made, started and
 * stopped.
 *
 * <p>No actors, no HTTP, no tensors.
 */
@NullMarked
package glimt.postgres;

import org.jspecify.annotations.NullMarked;
