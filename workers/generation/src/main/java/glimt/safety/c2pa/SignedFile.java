package glimt.safety.c2pa;

/** Puts a signed manifest into a file. Equal files, provenances and signers give equal bytes. */
public final class SignedFile {
  private SignedFile() {}

  /**
   * Signs a file. A file of a format that has no place for a manifest is returned as it is.
   *
   * @param file a whole PNG (also animated), JPEG, GIF, WebP or MP4 file without a manifest
   */
  public static byte[] of(byte[] file, Provenance provenance, Signer signer) {
    Container container = Container.of(ByteSource.of(file));
    if (container == null) {
      return file;
    }
    Manifest manifest = new Manifest(file, provenance, signer);
    // The manifest holds the length of its own place, so its length is tried until it is right: it
    // only grows, and by a few bytes.
    byte[] store = {};
    while (true) {
      byte[] next = manifest.store(container.binding(container.insert(file, store)));
      if (next.length == store.length) {
        return container.insert(file, next).file();
      }
      store = next;
    }
  }
}
