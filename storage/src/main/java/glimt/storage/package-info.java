/**
 * What every room of storage throws when the world behind it is broken.
 *
 * <p>Pure JDK: no I/O, no clock, no SQL, no JSON.
 */
@NullMarked
package glimt.storage;

import org.jspecify.annotations.NullMarked;
