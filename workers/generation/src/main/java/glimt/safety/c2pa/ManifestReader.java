package glimt.safety.c2pa;

import glimt.safety.c2pa.ManifestVerdict.State;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the active manifest of a file and checks it: the hash of each assertion, the signature of
 * the claim, and that the file is the one that was signed. It holds at most the manifest in memory,
 * and reads a file twice at most. Who signed, and whether to trust them, it leaves to its caller.
 */
public final class ManifestReader {
  private ManifestReader() {}

  /**
   * Reads a file of any kind.
   *
   * @throws IOException if it cannot be read
   */
  public static ManifestVerdict read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return read(ByteSource.of(channel), null);
    }
  }

  /**
   * Reads a file of any kind that may have a sidecar, which counts if the file itself carries no
   * manifest.
   *
   * @param sidecar a manifest store; null if there is none
   * @throws IOException if the file cannot be read
   */
  public static ManifestVerdict read(Path file, byte @Nullable [] sidecar) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return read(ByteSource.of(channel), sidecar);
    }
  }

  static ManifestVerdict read(ByteSource file) {
    return read(file, null);
  }

  private static ManifestVerdict read(ByteSource file, byte @Nullable [] sidecar) {
    try {
      Container container = Container.of(file);
      Optional<Container.Held> within = container == null ? Optional.empty() : container.find(file);
      if (within.isPresent() || sidecar == null) {
        return within
            .map(held -> checked(file, held))
            .orElseGet(() -> not(State.ABSENT, absent(container)));
      }
      Container.limited(sidecar.length);
      return checked(file, new Container.Held(sidecar, 0, 0));
    } catch (UnreadableManifest | BufferUnderflowException e) {
      return not(State.UNREADABLE, String.valueOf(e.getMessage()));
    }
  }

  private static String absent(@Nullable Container container) {
    return container == null
        ? "files of this kind carry no manifest, and it came without one beside it"
        : "the file has no manifest";
  }

  private static ManifestVerdict not(State state, String reason) {
    return new ManifestVerdict(state, reason, null, null, null);
  }

  private static ManifestVerdict checked(ByteSource file, Container.Held held) {
    Jumbf store = Jumbf.read(held.store()).is("c2pa");
    if (store.children().isEmpty() || !store.label().equals(Manifest.STORE)) {
      throw new UnreadableManifest("the manifest store is empty, or not of C2PA");
    }
    Jumbf manifest = store.children().getLast().is("c2ma");
    byte[] claimed = part(manifest, Manifest.CLAIM).is("c2cl").content();
    byte[] signature = part(manifest, Manifest.SIGNATURE).is("c2cs").content();
    Optional<X509Certificate> signer = Cose.verify(signature, claimed);
    if (signer.isEmpty()) {
      return not(State.INVALID, "the signature is not that of the claim");
    }
    Map<?, ?> claim = Cbor.map(claimed);
    if (!names(claim.get("signature"), manifest, Manifest.SIGNATURE)) {
      return not(State.INVALID, "the claim is that of another manifest");
    }
    Jumbf assertions = part(manifest, Manifest.ASSERTIONS).is("c2as");
    boolean bound = false;
    Provenance provenance = null;
    for (Object one : references(claim)) {
      Map<?, ?> reference = Cbor.asMap(one);
      Jumbf assertion = referred(assertions, manifest, Cbor.asText(reference.get("url")));
      if (!unchanged(assertion, reference, claim)) {
        return not(State.INVALID, "the assertion %s was changed".formatted(assertion.label()));
      }
      switch (assertion.label()) {
        case DataHash.LABEL, BmffHash.LABEL -> {
          if (bound) {
            throw new UnreadableManifest("the manifest hashes the file more than once");
          }
          Map<?, ?> hash = Cbor.map(assertion.content());
          boolean same =
              assertion.label().equals(DataHash.LABEL)
                  ? DataHash.matches(file, held, hash)
                  : BmffHash.matches(file, hash);
          if (!same) {
            return not(State.INVALID, "the file was changed after it was signed");
          }
          bound = true;
        }
        case Manifest.GENERATION -> provenance = Provenance.of(Cbor.map(assertion.content()));
        default -> {}
      }
    }
    if (!bound) {
      return not(State.UNREADABLE, "the manifest hashes the file in a way that is not read here");
    }
    return new ManifestVerdict(
        State.VALID,
        "the file is as it was signed",
        signer.get().getSubjectX500Principal().getName(),
        Signer.digest(signer.get()),
        provenance);
  }

  private static List<?> references(Map<?, ?> claim) {
    return Cbor.asList(claim.get("created_assertions"));
  }

  private static Jumbf part(Jumbf of, String label) {
    return of.child(label)
        .orElseThrow(() -> new UnreadableManifest("the manifest has no " + label));
  }

  /** Whether an address is that of a part of a manifest. */
  private static boolean names(@Nullable Object url, Jumbf manifest, String part) {
    return (Manifest.SELF + part).equals(url)
        || (Manifest.SELF + "/" + Manifest.STORE + "/" + manifest.label() + "/" + part).equals(url);
  }

  private static Jumbf referred(Jumbf assertions, Jumbf manifest, String url) {
    String relative = Manifest.SELF + Manifest.ASSERTIONS + "/";
    String absolute =
        Manifest.SELF
            + "/"
            + Manifest.STORE
            + "/"
            + manifest.label()
            + "/"
            + Manifest.ASSERTIONS
            + "/";
    if (url.startsWith(relative)) {
      return part(assertions, url.substring(relative.length()));
    }
    if (url.startsWith(absolute)) {
      return part(assertions, url.substring(absolute.length()));
    }
    throw new UnreadableManifest("the claim refers to %s".formatted(url));
  }

  private static boolean unchanged(Jumbf assertion, Map<?, ?> reference, Map<?, ?> claim) {
    Object own = reference.get("alg");
    MessageDigest digest = Binding.digest(Cbor.asText(own == null ? claim.get("alg") : own));
    return MessageDigest.isEqual(
        digest.digest(assertion.body()), Cbor.asBytes(reference.get("hash")));
  }
}
