package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import glimt.bundle.BundleException;
import glimt.model.BytePair;
import glimt.model.PromptReader;
import glimt.model.Unigram;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;

/** How a published tokenizer reads prompts; its files come into the bundle. */
final class PublishedTokenizer {
  private static final String CONFIG = "tokenizer_config.json";
  private static final String SPECIAL = "special_tokens_map.json";
  private static final String ADDED = "added_tokens.json";
  private static final String WHOLE = "tokenizer.json";

  /** Some configurations give a length beyond any text for none. */
  private static final long ENDLESS = 1_000_000;

  private static final String CLIP_END = "<|endoftext|>";

  private final PublishedFolder from;
  private final String component;
  private final BundleDraft draft;

  private PublishedTokenizer(PublishedFolder from, String component, BundleDraft draft) {
    this.from = from;
    this.component = component;
    this.draft = draft;
  }

  /**
   * CLIP's byte pairs.
   *
   * @param length of a reading, where the tokenizer does not say
   * @throws BundleException if it is another's, or there is no vocabulary
   */
  static PromptReader clip(PublishedFolder from, String component, BundleDraft draft, int length) {
    PublishedTokenizer tokenizer = new PublishedTokenizer(from, component, draft);
    tokenizer.mustBe("CLIPTokenizer", "CLIPTokenizerFast");
    List<String> files = tokenizer.files(List.of("vocab.json", "merges.txt"));
    long said = tokenizer.json(CONFIG).path("model_max_length").asLong(length);
    return new BytePair(
        files,
        said > ENDLESS ? length : Math.toIntExact(said),
        tokenizer.padding(CLIP_END),
        true,
        files.size() > 1);
  }

  /**
   * T5's unigrams.
   *
   * @param length of a reading, which pipelines choose
   * @throws BundleException if it is another's, or there is no vocabulary
   */
  static PromptReader t5(PublishedFolder from, String component, BundleDraft draft, int length) {
    return t5(from, component, draft, length, false);
  }

  /** The same of a pipeline that may write prompts in lower case first. */
  static PromptReader t5(
      PublishedFolder from, String component, BundleDraft draft, int length, boolean lowerCase) {
    PublishedTokenizer tokenizer = new PublishedTokenizer(from, component, draft);
    tokenizer.mustBe("T5Tokenizer", "T5TokenizerFast");
    return new Unigram(
        tokenizer.files(List.of("spiece.model")),
        length,
        tokenizer.padding("<pad>"),
        true,
        lowerCase);
  }

  private void mustBe(String... classes) {
    if (!List.of(classes).contains(from.className(component))) {
      throw new BundleException(
          "%s/%s: the tokenizer %s is not known here; %s is"
              .formatted(from.folder(), component, from.className(component), List.of(classes)));
    }
  }

  private List<String> files(List<String> vocabulary) {
    List<String> names =
        vocabulary.stream().allMatch(name -> Files.exists(from.file(component, name)))
            ? vocabulary
            : List.of(WHOLE);
    if (!Files.exists(from.file(component, names.getFirst()))) {
      throw new BundleException(
          "%s/%s has no vocabulary: neither %s nor %s"
              .formatted(from.folder(), component, String.join(" and ", vocabulary), WHOLE));
    }
    return names.stream()
        .map(name -> draft.copy(component + "/" + name, from.file(component, name)))
        .toList();
  }

  private JsonNode json(String name) {
    return from.json(component, name).orElse(MissingNode.getInstance());
  }

  /** The id of the token that fills a reading up. */
  private int padding(String otherwise) {
    String token = otherwise;
    for (String file : List.of(CONFIG, SPECIAL)) { // the latter is read last, and wins
      JsonNode said = json(file).path("pad_token");
      token = said.path("content").asText(said.asText(token));
    }
    for (Map.Entry<String, JsonNode> added :
        json(CONFIG).path("added_tokens_decoder").properties()) {
      if (added.getValue().path("content").asText().equals(token)) {
        return Integer.parseInt(added.getKey());
      }
    }
    for (JsonNode added : json(WHOLE).path("added_tokens")) {
      if (added.path("content").asText().equals(token)) {
        return added.path("id").intValue();
      }
    }
    for (String file : List.of(ADDED, "vocab.json")) {
      JsonNode id = json(file).path(token);
      if (id.isInt()) {
        return id.intValue();
      }
    }
    if (token.equals("<pad>")) {
      return 0; // where T5's files leave it unsaid
    }
    throw new BundleException(
        "%s/%s: no id is given for %s, which pads".formatted(from.folder(), component, token));
  }
}
