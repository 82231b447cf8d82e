package glimt.safety.c2pa;

/**
 * A signed manifest that lies beside its file, for formats that have no place for one. It is bound
 * to all bytes of the file. Equal files, provenances and signers give equal bytes.
 */
public final class Sidecar {
  private Sidecar() {}

  /** Returns whether a file needs one, because its format has no place for a manifest. */
  public static boolean suits(byte[] file) {
    return Container.of(ByteSource.of(file)) == null;
  }

  /** Returns the sidecar of a file. */
  public static byte[] of(byte[] file, Provenance provenance, Signer signer) {
    return new Manifest(file, provenance, signer).store(DataHash.ofWhole(ByteSource.of(file)));
  }
}
