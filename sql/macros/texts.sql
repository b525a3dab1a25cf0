-- The words of a text, in small letters: runs of letters, and each sign by itself where a script writes no spaces. Of a long text
-- its beginning.
CREATE OR REPLACE MACRO text_words(told) AS
    regexp_extract_all(lower(left(told, 4000)), '[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]|\p{L}[\p{L}\p{M}]*');
