/**
 * The embedded PostgreSQL server: unpacks its programs, makes its cluster, starts and stops it.
 *
 * <p>No actors, no HTTP, no tensors.
 */
@NullMarked
package glimt.postgres;

import org.jspecify.annotations.NullMarked;
