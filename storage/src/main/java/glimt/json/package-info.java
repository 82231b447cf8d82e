/**
 * The JSON form of the domain types, which is the same in the ledger, in {@code bundle.json}, in
 * other files and on the wire.
 *
 * <p>No actors, no HTTP, no tensors, no SQL.
 */
@NullMarked
package glimt.json;

import org.jspecify.annotations.NullMarked;
