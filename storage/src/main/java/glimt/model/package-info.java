/**
 * The card's nouns: what a bundle says of itself, how its levels are cut and sampled, and which
 * words steer it.
 *
 * <p>Pure JDK: no I/O, no clock, no SQL, no JSON.
 */
@NullMarked
package glimt.model;

import org.jspecify.annotations.NullMarked;
