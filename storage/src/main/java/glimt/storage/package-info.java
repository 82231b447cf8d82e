/**
 * What glimt remembers: the ledger of jobs and tasks, the artifacts, the catalogue of bundles.
 *
 * <p>The only package that speaks SQL. No actors, no HTTP, no tensors.
 */
@NullMarked
package glimt.storage;

import org.jspecify.annotations.NullMarked;
