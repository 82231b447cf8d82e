package glimt.safety.c2pa;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Writes the manifest of a file that glimt made, as a store of one. */
final class Manifest {
  static final String STORE = "c2pa";
  static final String ASSERTIONS = "c2pa.assertions";
  static final String CLAIM = "c2pa.claim.v2";
  static final String SIGNATURE = "c2pa.signature";
  static final String GENERATION = "glimt.generation";
  static final String SELF = "self#jumbf=";

  private static final String ACTIONS = "c2pa.actions.v2";
  private static final String SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/";
  private static final Map<String, Object> GENERATOR = Map.of("name", "glimt");

  private final Provenance provenance;
  private final Signer signer;
  private final UUID id;

  /**
   * Begins a manifest.
   *
   * @param file the bytes of the file, without a manifest
   */
  Manifest(byte[] file, Provenance provenance, Signer signer) {
    this.provenance = provenance;
    this.signer = signer;
    this.id = id(file, provenance);
  }

  /**
   * Returns an id in the form of a random UUID, as C2PA wants it, which however is a function of
   * what the manifest is about.
   */
  private static UUID id(byte[] file, Provenance provenance) {
    MessageDigest digest = Binding.digest(Binding.ALGORITHM);
    digest.update(Cbor.written(provenance.cbor()));
    ByteBuffer hash = ByteBuffer.wrap(digest.digest(file));
    long high = (hash.getLong() & ~0xF000L) | 0x4000L;
    long low = (hash.getLong() & ~(3L << 62)) | (2L << 62);
    return new UUID(high, low);
  }

  /** Returns the store, as it is put into a file. */
  byte[] store(Binding binding) {
    String name = "urn:c2pa:" + id;
    List<Jumbf> assertions =
        List.of(
            assertion(binding.label(), binding.content()),
            assertion(ACTIONS, actions()),
            assertion(GENERATION, provenance.cbor()));
    Map<String, Object> claim = new LinkedHashMap<>();
    claim.put("instanceID", "xmp:iid:" + id);
    claim.put("claim_generator_info", GENERATOR);
    claim.put("signature", SELF + "/" + STORE + "/" + name + "/" + SIGNATURE);
    claim.put("created_assertions", assertions.stream().map(Manifest::reference).toList());
    claim.put("alg", Binding.ALGORITHM);
    byte[] claimed = Cbor.written(claim);
    Jumbf manifest =
        Jumbf.of(
            "c2ma",
            name,
            List.of(
                Jumbf.of("c2as", ASSERTIONS, assertions),
                Jumbf.of("c2cl", CLAIM, claimed),
                Jumbf.of("c2cs", SIGNATURE, Cose.sign(claimed, signer))));
    return Jumbf.of("c2pa", STORE, List.of(manifest)).bytes();
  }

  private static Jumbf assertion(String label, Map<String, Object> content) {
    return Jumbf.of("cbor", label, Cbor.written(content));
  }

  private static Map<String, Object> reference(Jumbf assertion) {
    Map<String, Object> reference = new LinkedHashMap<>();
    reference.put("url", SELF + ASSERTIONS + "/" + assertion.label());
    reference.put("hash", Binding.digest(Binding.ALGORITHM).digest(assertion.body()));
    return reference;
  }

  private Map<String, Object> actions() {
    Map<String, Object> created = new LinkedHashMap<>();
    created.put("action", "c2pa.created");
    created.put("softwareAgent", GENERATOR);
    created.put(
        "digitalSourceType",
        SOURCE_TYPES
            + Optional.ofNullable(provenance.picture())
                .map(_ -> "compositeWithTrainedAlgorithmicMedia")
                .orElse("trainedAlgorithmicMedia"));
    Map<String, Object> actions = new LinkedHashMap<>();
    actions.put("actions", List.of(created));
    actions.put("allActionsIncluded", true);
    return actions;
  }
}
