/**
 * Content Credentials (C2PA 2.x): signs what is made with how it was made, and reads such
 * signatures back.
 *
 * <p>{@link glimt.safety.c2pa.SignedFile} puts a manifest into a file, {@link
 * glimt.safety.c2pa.ManifestReader} finds and checks one in any file. A signature is a function of
 * the file, its {@link glimt.safety.c2pa.Provenance} and the {@link glimt.safety.c2pa.Signer}. No
 * tensors, no actors, no HTTP, no clock.
 */
@NullMarked
package glimt.safety.c2pa;

import org.jspecify.annotations.NullMarked;
