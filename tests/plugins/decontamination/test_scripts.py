"""Scripts without spaces: what the n-gram rules find there, and what they leave, is what they do in English."""

from __future__ import annotations

import pytest

from seatrial_plugins.decontamination.words import Words, normalised

RULES = ["gpt3_filter", "gpt3_measure", "palm", "tulu3", "s1_open_r1", "deepseek_math", "qwen2_math"]

UNLIKE = {
    # Each begins with the same word or two (please enter; on this page; to do that), as unlike questions do in English.
    "Thai": (
        "กรุณากรอกชื่อผู้ใช้และรหัสผ่านที่ถูกต้องสำหรับบัญชีของเจ้าหน้าที่",
        "กรุณากรอกข้อมูลให้ครบทุกช่องก่อนที่จะกดปุ่มบันทึกการเปลี่ยนแปลง",
        "กรุณากรอกเบอร์โทรศัพท์ของท่านเพื่อให้พนักงานติดต่อกลับภายหลัง",
    ),
    "Japanese": (
        "このページを表示するためにはログインする必要があります",
        "このページを印刷するためには右上のボタンを押してください",
        "このファイルを削除するためには管理者の権限が必要です",
    ),
    "Chinese": (
        "请问如何才能在手机上查看我的账单明细",
        "请问如何才能在手机上修改登录密码",
        "请问如何才能取消昨天提交的那笔转账",
    ),
}

ALIKE = {
    # One word of some thirty is another one: a province, a sum, a number of nights.
    "Thai": (
        "เมื่อวานนี้ฉันโอนเงินจำนวนห้าพันบาทไปยังบัญชีของพี่สาวที่จังหวัดเชียงใหม่แต่เธอบอกว่ายังไม่ได้รับเงินฉันควรติดต่อใครเพื่อขอเงินคืน",
        "เมื่อวานนี้ฉันโอนเงินจำนวนห้าพันบาทไปยังบัญชีของพี่สาวที่จังหวัดขอนแก่นแต่เธอบอกว่ายังไม่ได้รับเงินฉันควรติดต่อใครเพื่อขอเงินคืน",
    ),
    "Khmer": (
        "ម្សិលមិញខ្ញុំបានផ្ទេរប្រាក់ប្រាំរយដុល្លារទៅគណនីរបស់បងស្រីខ្ញុំប៉ុន្តែគាត់ប្រាប់ថាមិនទាន់ទទួលបានទេតើខ្ញុំគួរទាក់ទងអ្នកណាដើម្បីសុំប្រាក់វិញ",
        "ម្សិលមិញខ្ញុំបានផ្ទេរប្រាក់ប្រាំពីររយដុល្លារទៅគណនីរបស់បងស្រីខ្ញុំប៉ុន្តែគាត់ប្រាប់ថាមិនទាន់ទទួលបានទេតើខ្ញុំគួរទាក់ទងអ្នកណាដើម្បីសុំប្រាក់វិញ",
    ),
    "Lao": (
        "ມື້ວານນີ້ຂ້ອຍໄດ້ໂອນເງິນຫ້າລ້ານກີບໄປຫາບັນຊີຂອງເອື້ອຍຢູ່ຫຼວງພະບາງແຕ່ລາວບອກວ່າຍັງບໍ່ໄດ້ຮັບເງິນຂ້ອຍຄວນຕິດຕໍ່ໃຜເພື່ອຂໍເງິນຄືນ",
        "ມື້ວານນີ້ຂ້ອຍໄດ້ໂອນເງິນຫ້າລ້ານກີບໄປຫາບັນຊີຂອງເອື້ອຍຢູ່ປາກເຊແຕ່ລາວບອກວ່າຍັງບໍ່ໄດ້ຮັບເງິນຂ້ອຍຄວນຕິດຕໍ່ໃຜເພື່ອຂໍເງິນຄືນ",
    ),
    "Burmese": (
        "မနေ့ကကျွန်တော်ငွေငါးသိန်းကိုအစ်မရဲ့ဘဏ်စာရင်းဆီလွှဲခဲ့ပေမဲ့သူကမရသေးဘူးလို့ပြောပါတယ်ငွေပြန်ရဖို့ဘယ်သူ့ကိုဆက်သွယ်ရမလဲ",
        "မနေ့ကကျွန်တော်ငွေခြောက်သိန်းကိုအစ်မရဲ့ဘဏ်စာရင်းဆီလွှဲခဲ့ပေမဲ့သူကမရသေးဘူးလို့ပြောပါတယ်ငွေပြန်ရဖို့ဘယ်သူ့ကိုဆက်သွယ်ရမလဲ",
    ),
    "Japanese": (
        "昨日姉の口座に五万円を振り込みましたが、まだ届いていないと言われました。返金してもらうには誰に連絡すればよいですか。",
        "昨日姉の口座に七万円を振り込みましたが、まだ届いていないと言われました。返金してもらうには誰に連絡すればよいですか。",
    ),
    "Chinese": (
        "昨天我给姐姐的账户转了五千元，可是她说到现在还没有收到这笔钱，我应该联系哪个部门才能把钱要回来？",
        "昨天我给姐姐的账户转了七千元，可是她说到现在还没有收到这笔钱，我应该联系哪个部门才能把钱要回来？",
    ),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("script", UNLIKE)
def test_unlike_texts_that_begin_with_the_same_words_are_no_leak(hits, rule, script):
    first, *others = UNLIKE[script]
    assert hits(rule, others, [first]) == []


@pytest.mark.parametrize("rule", sorted({*RULES} - {"palm"}))  # which wants 70% of the 8-grams: one word is in 8 of 23
@pytest.mark.parametrize("script", ALIKE)
def test_a_text_with_one_other_word_is_a_leak(hits, rule, script):
    train, held_out = ALIKE[script]
    assert [(row, item) for row, item, _ in hits(rule, [train], [held_out])] == [("train0", "test0")]


def test_one_word_is_not_looked_for_as_a_whole_text(hits):
    # ครับ, which ends what men say politely, is three characters with their marks.
    assert hits("deepseek_math", [ALIKE["Thai"][0] + "ครับ"], ["ครับ"]) == []


def test_units_stand_for_parts_of_words():
    units = Words(normalised)
    codes = units.learn(["card 卡 カ ร", "ร 号"])
    assert units.in_words(codes[0]).tolist() == [1, 1 / 1.5, 1 / 3, 1 / 3]
    assert units.in_words(codes[1]).tolist() == [1 / 3, 1 / 1.5]
