package glimt.safety.filter;

import com.fasterxml.jackson.core.JsonProcessingException;
import glimt.job.FilterDecision;
import glimt.job.FilterDecision.FilterStage;
import glimt.json.Json;
import glimt.safety.filter.PlainText.ReadWord;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Blocks prompts by a list of rules. A rule names groups of phrases, and blocks a prompt that has a
 * phrase of each of them, once the list's harmless phrases are taken away. A phrase is one or more
 * words; {@code decapitat*} stands for all words that begin so, {@code <18} for a smaller number,
 * {@code <18yo} for one with letters behind it. Words match as a whole, so that no place or bird is
 * blocked for the letters in its name.
 *
 * @param version the policy, which is recorded with each decision
 * @param harmless phrases that the rules do not see
 * @param groups phrases by the name of their group
 * @param digests the first 16 hex digits of the SHA-256 of words that shall not be spelt out here,
 *     by the name of their group
 * @param rules in the order in which they are tried
 */
public record PromptRules(
    String version,
    PhraseList harmless,
    Map<String, PhraseList> groups,
    Map<String, List<String>> digests,
    List<Rule> rules) {
  private static final int DIGITS = 16;

  public PromptRules {
    groups = Map.copyOf(groups);
    digests = Map.copyOf(digests);
    rules = List.copyOf(rules);
  }

  /**
   * One rule.
   *
   * @param category what a prompt that it blocks is called
   * @param reason one sentence for the client
   * @param all the groups of which the prompt must have a phrase
   */
  public record Rule(String category, String reason, List<String> all) {
    public Rule {
      all = List.copyOf(all);
    }
  }

  /** Reads the rules that come with glimt. */
  public static PromptRules own() {
    try (InputStream in = PromptRules.class.getResourceAsStream("rules.json")) {
      return Json.mapper().readValue(Objects.requireNonNull(in), PromptRules.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("rules.json is not valid", e);
    } catch (IOException e) {
      throw new UncheckedIOException("rules.json cannot be read", e);
    }
  }

  /** Decides about a prompt. */
  public FilterDecision decide(String prompt) {
    List<ReadWord> words = new ArrayList<>(PlainText.words(prompt));
    harmless.takeFrom(words);
    Map<String, Boolean> found = new HashMap<>();
    return rules.stream()
        .filter(
            rule ->
                rule.all().stream()
                    .allMatch(group -> found.computeIfAbsent(group, at -> has(words, at))))
        .findFirst()
        .map(
            rule ->
                FilterDecision.block(FilterStage.PROMPT, version, rule.category(), rule.reason()))
        .orElseGet(() -> FilterDecision.allow(FilterStage.PROMPT, version));
  }

  private boolean has(List<ReadWord> words, String group) {
    List<String> hidden = digests.getOrDefault(group, List.of());
    PhraseList phrases = groups.get(group);
    return (phrases != null && phrases.isIn(words))
        || (!hidden.isEmpty()
            && words.stream()
                .flatMap(word -> word.forms().stream())
                .anyMatch(form -> hidden.contains(digest(form))));
  }

  private static String digest(String word) {
    try {
      byte[] sha =
          MessageDigest.getInstance("SHA-256").digest(word.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(sha).substring(0, DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("the JDK has no SHA-256", e);
    }
  }
}
