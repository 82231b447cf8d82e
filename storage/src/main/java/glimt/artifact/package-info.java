/**
 * The artifact store: files named by the digest of their bytes.
 *
 * <p>No actors, no HTTP, no tensors, no SQL.
 */
@NullMarked
package glimt.artifact;

import org.jspecify.annotations.NullMarked;
