/**
 * The exception that all packages of this module throw when the database or the file system fails.
 *
 * <p>Pure JDK: no I/O, no clock, no SQL, no JSON.
 */
@NullMarked
package glimt.storage;

import org.jspecify.annotations.NullMarked;
