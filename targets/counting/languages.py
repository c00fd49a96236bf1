"""Words of several languages and scripts, common ones, short and long.

Data alone. Tokenizers are trained mostly on English, so that a word costs from one token to a dozen here; scripts
without spaces are given as the short words that their texts are made of.
"""

WORDS = {
    "German": "und der die das ist ein Haus Wasser Freundschaft Straße schön Kindergarten Geschwindigkeit morgen",
    "French": "le la et est une maison eau aujourd'hui forêt garçon bibliothèque heureusement très déjà",
    "Spanish": "el la y es una casa agua mañana niño biblioteca felicidad después también corazón",
    "Turkish": "ve bir ev su güneş çocuk kütüphane arkadaşlık yarın şimdi teşekkürler geliyorum",
    "Finnish": "ja on talo vesi aurinko lapsi kirjasto ystävyys huomenna kiitos rautatieasema",
    "Russian": "и в не дом вода друг солнце ребёнок библиотека завтра здравствуйте спасибо",
    "Greek": "και το δεν σπίτι νερό ήλιος παιδί βιβλιοθήκη αύριο ευχαριστώ θάλασσα",
    "Arabic": "في من على بيت ماء شمس طفل مكتبة غدا شكرا صداقة",
    "Hindi": "और है में घर पानी सूरज बच्चा पुस्तकालय कल धन्यवाद दोस्ती",
    "Chinese": "我 你 是 的 水 家 太阳 孩子 图书馆 明天 谢谢 朋友",
    "Japanese": "は の 水 家 わたし です 太陽 子ども 図書館 あした ありがとう トモダチ",
    "Korean": "나는 물 집 해 아이 도서관 내일 고맙습니다 친구 그리고",
}
LANGUAGES = tuple(WORDS)
