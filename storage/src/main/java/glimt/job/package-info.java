/**
 * The nouns: what a job is, how it is planned, and how an attempt at a part of it ends.
 *
 * <p>Pure JDK: no I/O, no clock, no SQL, no JSON.
 */
@NullMarked
package glimt.job;

import org.jspecify.annotations.NullMarked;
