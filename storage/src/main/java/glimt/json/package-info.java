/**
 * The nouns as JSON, in one spelling: in the ledger, in {@code bundle.json}, in files and on the
 * wire.
 *
 * <p>No actors, no HTTP, no tensors, no SQL.
 */
@NullMarked
package glimt.json;

import org.jspecify.annotations.NullMarked;
