import { visitWords } from "./words.ts";

/** Kinds of words that tell what is asked for. The numbers index counts. */
export const MATH = 0;
export const CODE = 1;
export const REASONING = 2;
export const NEGATION = 3;
export const CREATIVE = 4;
export const FACT = 5;
export const CONSTRAINT = 6;
export const KINDS = 7;

/** Words and pairs of words, in lower case. A pair counts in addition to its words. */
const WORDS: readonly (readonly [kind: number, words: string])[] = [
  [
    MATH,
    `math maths mathematics algebra calculus geometry equation equations integral derivative polynomial matrix vector
    probability sum product fraction percent percentage ratio triangle circle radius angle square cube root integer
    integers prime divisor divisible multiple remainder modulo logarithm sine cosine function theorem lemma proof
    average mean median variance total times twice half double triple dozen per solve compute calculate evaluate simplify
    value values number numbers digit digits cost costs price dollars cents profit rate speed hour hours minutes miles
    frac sqrt cdot leq geq theta pi sigma mathbb gleichung berechne wahrscheinlichkeit summe équation calcule probabilité
    somme ecuación calcula probabilidad suma equação уравнение вычисли вероятность 计算 方程 概率 数学 計算 方程式 確率`,
  ],
  [
    CODE,
    `code function def return class import print python java javascript typescript html css sql c rust golang kotlin
    swift bash shell script program programming algorithm array list string tuple dict loop recursion recursive
    complexity api json yaml regex compile compiler debug bug exception stack queue tree graph node pointer runtime
    database query select async await const let var int float bool boolean null none true false assert self lambda git
    docker server client implement refactor unittest thread mutex parser parse funktion fonction función código
    programa функция код 代码 函数 算法 程序 コード 関数`,
  ],
  [
    REASONING,
    `why how explain prove derive reason reasoning logic logical infer deduce therefore conclude conclusion determine
    analyze analyse compare contrast evaluate justify step steps suppose assume given if then implies cause because
    consequence puzzle clue clues hypothesis argument strategy plan design optimize optimise minimize maximize taller
    shorter older younger faster slower heavier lighter fewer cheaper same different possible impossible order rank trade-offs
    warum erkläre beweise begründe wenn pourquoi explique démontre si explica demuestra porque почему объясни докажи
    если 为什么 解释 证明 如果 推理 分析 なぜ 説明 証明`,
  ],
  [
    NEGATION,
    `not no never none neither nor cannot without except unless incorrect false least isn doesn don didn won can't nicht
    kein keine nie ohne pas jamais sans sin nunca nem não не нет никогда без 不 没 没有 无`,
  ],
  [
    CREATIVE,
    `write poem story stories essay song haiku tale novel fiction character characters email letter blog post
    tweet caption slogan joke imagine pretend roleplay role-play act persona compose creative vivid describe rewrite
    paraphrase tone style headline advertisement speech travel recipe draft toast
    persuasive engaging humorous funny rhyme verse scene dialogue lyrics greeting invitation chat hello hi thanks please translate summarize
    summarise gedicht geschichte schreibe poème histoire écris rédige poema historia cuento escribe escreva стих
    рассказ напиши 写 故事 诗 翻译 書いて 物語`,
  ],
  [
    FACT,
    `who whom whose when where which what name capital born died year country city president author film movie actor
    singer band album won played located wer wann wo welche qui quand où quelle quién cuándo dónde cuál кто когда где
    谁 哪里 什么 誰 いつ どこ`,
  ],
  [
    CONSTRAINT,
    `must exactly only each every all any at-least most least at between maximum minimum limit constraint constraints
    require required requirement requirements ensure valid format following output input example examples test tests case
    cases according muss genau mindestens doit exactement debe exactamente deve должен 必须 只`,
  ],
];

const KIND_OF_HASH = hashes();

/** Bits of the kinds that a word or pair belongs to, by its hash; 0 for none. */
export function kindsOf(hash: number): number {
  return KIND_OF_HASH.get(hash) ?? 0;
}

function hashes(): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const [kind, words] of WORDS) {
    for (const entry of words.split(/\s+/)) {
      const hash = hashOf(entry);
      found.set(hash, (found.get(hash) ?? 0) | (1 << kind));
    }
  }
  return found;
}

/** An entry of two words is found by their pair, one of one by itself; of a longer one its last two words count. */
function hashOf(entry: string): number {
  let count = 0;
  let hash = 0;
  visitWords(entry, (word, pair) => {
    hash = count++ === 0 ? word : pair;
  });
  return hash;
}
