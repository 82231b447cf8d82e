package glimt.bundle;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Tokenizer.Rules;
import glimt.bundle.Tokenizer.Tokens;
import glimt.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** Recorded readings of prompts: {@code tokens.json} beside a published tokenizer's folder. */
public final class TokenTable {
  private TokenTable() {}

  /** How many prompts a table has. */
  public static int rows(Path table) {
    return json(table).path("rows").size();
  }

  /** Reads every prompt of a table; returns a line for each that is read otherwise. */
  public static List<String> failures(Path table) {
    JsonNode json = json(table);
    JsonNode rows = json.path("rows");
    Path folder = table.resolveSibling(json.path("tokenizer").asText("tokenizer"));
    List<String> failures = new ArrayList<>();
    try (Tokenizer usual = open(folder, rows.path(0).path("ids").size());
        Tokenizer wide = open(folder, 1000);
        Tokenizer narrow = open(folder, 16)) {
      for (JsonNode row : rows) {
        String off = compared(row, usual, wide, narrow);
        if (!off.isEmpty()) {
          failures.add(table + ": " + off);
        }
      }
    }
    return failures;
  }

  static Tokenizer open(Path folder, Rules rules) {
    List<String> files =
        Stream.of(
                List.of("tokenizer.json"),
                List.of("vocab.json", "merges.txt"),
                List.of("spiece.model"))
            .filter(some -> Files.exists(folder.resolve(some.getFirst())))
            .findFirst()
            .orElseThrow();
    return Tokenizer.of(files, bytes(folder), rules);
  }

  /** What is wrong with how a prompt is read, or nothing. */
  private static String compared(JsonNode row, Tokenizer usual, Tokenizer wide, Tokenizer narrow) {
    String prompt = row.path("prompt").asText();
    List<Long> padded = ids(row.path("ids"));
    List<Long> whole = ids(row.path("ids_untruncated"));
    Tokens reading = usual.read(prompt);
    if (!reading.ids().equals(padded)) {
      return "'%s' gives %s, not %s".formatted(prompt, reading.ids(), padded);
    }
    Tokens all = wide.read(prompt);
    if (!all.ids().subList(0, all.read()).equals(whole)) {
      return "'%s' is read to its end as %s, not %s".formatted(prompt, all.ids(), whole);
    }
    if (reading.cutFrom().isPresent() != whole.size() > padded.size()) {
      return "'%s' is cut from %s".formatted(prompt, reading.cutFrom());
    }
    if (row.has("ids_max16") && !narrow.read(prompt).ids().equals(ids(row.path("ids_max16")))) {
      return "'%s' is cut to 16 tokens otherwise".formatted(prompt);
    }
    long mask = reading.mask().stream().mapToLong(Long::longValue).sum();
    if (row.path("attention_mask_sum").asLong(mask) != mask) {
      return "'%s' has a mask of %s".formatted(prompt, mask);
    }
    return "";
  }

  private static Tokenizer open(Path folder, int length) {
    boolean clip = Files.exists(folder.resolve("vocab.json"));
    return open(folder, new Rules(length, clip ? padding(folder) : 0, true, clip));
  }

  private static long padding(Path folder) {
    JsonNode said = json(folder.resolve("tokenizer_config.json")).path("pad_token");
    String token = said.isTextual() ? said.asText() : said.path("content").asText();
    return json(folder.resolve("vocab.json")).path(token).asLong();
  }

  private static List<Long> ids(JsonNode array) {
    List<Long> ids = new ArrayList<>();
    array.forEach(id -> ids.add(id.asLong()));
    return ids;
  }

  private static JsonNode json(Path file) {
    try {
      return Json.mapper().readTree(Files.readString(file));
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private static Function<String, byte[]> bytes(Path folder) {
    return file -> {
      try {
        return Files.readAllBytes(folder.resolve(file));
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    };
  }
}
