/**
 * Hides a mark in the luma of videos and images and in the colours of points, and finds it again.
 * No actors, no SQL, no HTTP, no tensors, no JSON. Read {@link glimt.safety.watermark.Watermark}
 * first.
 *
 * <p>A mark is 32 bits of the digest of a request and its model, guarded by a CRC of 16 bits. It is
 * neither the job's id nor the day, because equal requests must give equal files: those of two
 * jobs, those made again after a fault, and those of two farms. The ledger leads from a mark to its
 * jobs, so a file is a farm's own if its ledger has one.
 *
 * <p>The key is public: whoever has glimt can look for marks, and who wants to can remove them or
 * copy them to other files. A mark tells honest people that a file was generated; it proves nothing
 * against a forger.
 */
@NullMarked
package glimt.safety.watermark;

import org.jspecify.annotations.NullMarked;
