package glimt.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.SentencePieceModel.Subword;
import glimt.json.Json;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * Builds the {@code tokenizer.json} that the Hugging Face tokenizers library needs from the older
 * file formats of published models.
 */
final class TokenizerJson {
  private static final String BEGIN = "<|startoftext|>";
  private static final String END = "<|endoftext|>";

  /**
   * CLIP's expression for splitting a text into words before the byte-pair encoding (Radford et al.
   * 2021).
   */
  private static final String WORDS =
      "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

  /** The number of sentinel tokens that T5's tokenizers add to the pieces of the file. */
  private static final int EXTRA = 100;

  private TokenizerJson() {}

  /**
   * The tokenizer of CLIP's byte pairs.
   *
   * @param vocabulary the text of {@code vocab.json}, an id for each token
   * @param merges the text of {@code merges.txt}, a pair per line, the most frequent first
   * @param padding the id of the padding token, which is declared special so that it never merges
   *     with text
   * @throws BundleException if the vocabulary is not CLIP's
   */
  static String clip(String vocabulary, String merges, long padding) {
    ObjectNode root = Json.mapper().createObjectNode();
    JsonNode ids = read("vocab.json", vocabulary);
    for (String mark : List.of(BEGIN, END)) {
      if (!ids.path(mark).isInt()) {
        throw new BundleException("vocab.json has no " + mark + ", so it is not a CLIP vocabulary");
      }
    }
    ArrayNode added = root.putArray("added_tokens");
    Token begin = new Token(BEGIN, ids.path(BEGIN).intValue());
    Token end = new Token(END, ids.path(END).intValue());
    added.add(special(begin));
    added.add(special(end));
    for (Map.Entry<String, JsonNode> one : ids.properties()) {
      if (one.getValue().intValue() == padding && padding != begin.id && padding != end.id) {
        added.add(special(new Token(one.getKey(), one.getValue().intValue())));
      }
    }
    ArrayNode normals =
        root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
    normals.addObject().put("type", "NFC");
    ObjectNode normal = normals.addObject().put("type", "BertNormalizer");
    normal.put("clean_text", true).put("handle_chinese_chars", true);
    normal.put("strip_accents", false).put("lowercase", false);

    ObjectNode cut = root.putObject("pre_tokenizer").put("type", "Sequence");
    ArrayNode cuts = cut.putArray("pretokenizers");
    ObjectNode words = cuts.addObject().put("type", "Split");
    words.putObject("pattern").put("Regex", WORDS);
    words.put("behavior", "Removed").put("invert", true);
    cuts.addObject()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true);

    template(root, List.of(begin), end);
    ObjectNode model = root.putObject("model").put("type", "BPE");
    model
        .put("unk_token", END)
        .put("continuing_subword_prefix", "")
        .put("end_of_word_suffix", "</w>");
    model.put("fuse_unk", false);
    model.set("vocab", ids);
    ArrayNode pairs = model.putArray("merges");
    merges
        .lines()
        .filter(line -> !line.isBlank() && !line.startsWith("#version"))
        .forEach(pairs::add);
    return root.toString();
  }

  /**
   * The tokenizer of T5's and UMT5's unigrams: a piece either begins or continues a word, and an
   * end token follows the text.
   *
   * @throws BundleException if the file has no end token
   */
  static String t5(SentencePieceModel file) {
    ObjectNode root = Json.mapper().createObjectNode();
    ArrayNode added = root.putArray("added_tokens");
    ObjectNode model = Json.mapper().createObjectNode().put("type", "Unigram");
    ArrayNode pieces = model.putArray("vocab");
    Token end = null;
    for (Subword piece : file.pieces()) {
      int id = pieces.size();
      pieces.addArray().add(piece.text()).add((double) piece.score());
      if (piece.type() == SentencePieceModel.UNKNOWN) {
        model.put("unk_id", id);
      }
      if (piece.text().equals("</s>")) {
        end = new Token("</s>", id);
      }
      if (piece.type() == SentencePieceModel.UNKNOWN
          || piece.type() == SentencePieceModel.CONTROL) {
        added.add(special(new Token(piece.text(), id)));
      }
    }
    if (end == null) {
      throw new BundleException("spiece.model has no </s>, so it is not a T5 vocabulary");
    }
    for (int i = EXTRA - 1; i >= 0; i--) {
      String text = "<extra_id_" + i + ">";
      added.add(special(new Token(text, pieces.size())));
      pieces.addArray().add(text).add(0.0);
    }
    model.put("byte_fallback", file.byteFallback());

    ArrayNode normal = root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
    if (file.characters().length > 0) {
      normal
          .addObject()
          .put("type", "Precompiled")
          .put("precompiled_charsmap", Base64.getEncoder().encodeToString(file.characters()));
    }
    normal.addObject().put("type", "Strip").put("strip_left", true).put("strip_right", true);
    ObjectNode gaps = normal.addObject().put("type", "Replace");
    gaps.putObject("pattern").put("Regex", " {2,}");
    gaps.put("content", " ");
    ObjectNode cut = root.putObject("pre_tokenizer").put("type", "Metaspace");
    cut.put("replacement", "\u2581").put("prepend_scheme", "always").put("split", true);
    template(root, List.of(), end);
    root.set("model", model);
    return root.toString();
  }

  private record Token(String text, int id) {}

  private static ObjectNode special(Token token) {
    return Json.mapper()
        .createObjectNode()
        .put("id", token.id)
        .put("content", token.text)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", true);
  }

  /** Declares the special tokens before and after a text. */
  private static void template(ObjectNode root, List<Token> before, Token after) {
    ObjectNode template = root.putObject("post_processor").put("type", "TemplateProcessing");
    ArrayNode single = template.putArray("single");
    ArrayNode pair = template.putArray("pair");
    ObjectNode tokens = template.putObject("special_tokens");
    before.forEach(token -> place(token, single, tokens));
    single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
    place(after, single, tokens);
    pair.addAll(single);
    pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
  }

  private static void place(Token token, ArrayNode single, ObjectNode tokens) {
    single.addObject().putObject("SpecialToken").put("id", token.text).put("type_id", 0);
    ObjectNode named = tokens.putObject(token.text).put("id", token.text);
    named.putArray("ids").add(token.id);
    named.putArray("tokens").add(token.text);
  }

  private static JsonNode read(String file, String json) {
    try {
      return Json.mapper().readTree(json);
    } catch (JsonProcessingException broken) {
      throw new BundleException(
          file + " is not valid JSON: " + broken.getOriginalMessage(), broken);
    }
  }
}
