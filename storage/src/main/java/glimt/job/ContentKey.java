package glimt.job;

import glimt.model.BundleCard;
import glimt.model.BytePair;
import glimt.model.ClassNames;
import glimt.model.Encoder;
import glimt.model.LoraAdapter;
import glimt.model.NoPrompt;
import glimt.model.PromptReader;
import glimt.model.Unigram;
import glimt.model.WordList;
import glimt.model.WordPiece;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Identifies a task's result by everything it is made from. Two tasks with the same key make the
 * same bytes in one numeric class, even if they belong to different jobs and bundles.
 *
 * @param sha256 the digest of the ingredients, in lower-case hexadecimal
 */
public record ContentKey(String sha256) {
  /**
   * The key of an encoder's result: the digests of its network, of what is merged into that and of
   * its reader, and the text.
   *
   * @param loras that the job chose
   */
  static ContentKey of(BundleCard card, Encoder encoder, String text, List<LoraChoice> loras) {
    List<String> ingredients = new ArrayList<>(List.of("encode"));
    ingredients.add(file(card, encoder.network() + ".py"));
    ingredients.add(file(card, encoder.network() + ".safetensors"));
    // of published weights
    Stream.of(".safetensors.index.json", ".names.json", ".merged.safetensors")
        .map(end -> card.files().get(encoder.network() + end))
        .filter(Objects::nonNull)
        .forEach(ingredients::add);
    encoder.lexiconFiles().forEach(name -> ingredients.add(file(card, name)));
    ingredients.add(reader(card, encoder.reader()));
    ingredients.add(String.join(" ", encoder.outputs()));
    ingredients.add(text);
    for (LoraChoice lora : loras) {
      LoraAdapter adapter = card.lora(lora.name());
      if (adapter.networks().contains(encoder.network())) {
        ingredients.add(file(card, adapter.file()) + " at " + lora.weight());
      }
    }
    return new ContentKey(digest(String.join("\0", ingredients)));
  }

  private static String reader(BundleCard card, PromptReader reader) {
    List<String> files =
        switch (reader) {
          case WordList _, ClassNames _, NoPrompt _ -> List.of();
          case BytePair pairs -> pairs.files();
          case Unigram unigram -> unigram.files();
          case WordPiece pieces -> pieces.files();
        };
    return reader + " " + files.stream().map(name -> file(card, name)).toList();
  }

  /** Returns the card's digest of a file, or a name unique to the bundle if the card has none. */
  private static String file(BundleCard card, String name) {
    return card.files().getOrDefault(name, card.name() + "/" + name);
  }

  private static String digest(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has SHA-256", impossible);
    }
  }
}
