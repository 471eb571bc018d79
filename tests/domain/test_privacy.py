from __future__ import annotations

import pytest

from reports.domain.privacy import looks_personal, names_a_person_field, without_marks


@pytest.mark.parametrize(
    "text",
    [
        "Ông A, CCCD 001099012345.",
        "số 079 203 001 234 cấp năm 2021",
        "079.203.001.234",
        "CMND: 123456789.",
        "(012345678)",
        "CMND 123456789, cấp 2010",
    ],
)
def test_identity_numbers_are_seen(text: str) -> None:
    assert looks_personal(text) == "identity"


@pytest.mark.parametrize(
    "text",
    [
        "gọi 0912345678",
        "ĐT: 0912.345.678",
        "0912 345 678",
        "091-234-5678",
        "+84 912 345 678",
        "(+84) 912345678",
        "0084912345678",
        "84912345678",
        "0219 3866 123",
        "(0219) 3866 123",
        "02193.866.123",
        "0388123456.",
        "số 0778-123-456,",
    ],
)
def test_telephone_numbers_are_seen(text: str) -> None:
    assert looks_personal(text) == "telephone"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Huy động 250.000.000 đồng",
        "1.250.000.000 đồng",
        "250.000.000.000 đồng",
        "12345678 m2",
        "1234567890 đồng",
        "đạt 97,57 %",
        "0,912345678 km",
        "ngày 05.06.2025 15 hộ",
        "từ 15/12/2024 đến 14/6/2025",
        "05-06-2025",
        "Nghị quyết 25-NQ/TW, Quyết định 217, 218",
        "2021..2025",
        "08 hộ, 0912 lượt",
        "123.456.789,5 đồng",
        "0.35 ha",
        "Quyết định số 1234/QĐ-UBND ngày 03/7/2025",
        "100000000000 đồng",
    ],
)
def test_amounts_days_and_numbers_of_documents_are_fine(text: str) -> None:
    assert looks_personal(text) is None


@pytest.mark.parametrize(
    "name",
    [
        "Họ tên",
        "HỌ VÀ TÊN",
        "họ và tên người nhận",
        "Số CCCD/CMND",
        "Số căn cước công dân",
        "Chứng minh nhân dân",
        "Số điện thoại",
        "SĐT",
        "Ngày sinh",
        "Năm sinh",
        "Số định danh cá nhân",
        "Số hộ chiếu",
        "ho_ten",
        "so_cccd",
        "sdt",
        "ngay_sinh",
        "Full name",
        "fullname",
        "Phone number",
        "Date of birth",
        "Identity card no.",
        "citizen_id",
        "Passport",
    ],
)
def test_names_of_a_citizen_s_data_are_seen(name: str) -> None:
    assert names_a_person_field(name)


@pytest.mark.parametrize(
    "name",
    [
        "Ưu điểm",
        "Tên mô hình",
        "Số hộ, tên xã",
        "Ngày sinh hoạt chi bộ",
        "Năm sinh hoạt",
        "ngay_sinh_hoat",
        "Kiến nghị, đề xuất",
        "Strengths",
        "Smartphone use",
    ],
)
def test_other_names_are_fine(name: str) -> None:
    assert not names_a_person_field(name)


def test_marks_are_taken_off() -> None:
    assert without_marks("Đồng Văn, đường Hoà Bình") == "Dong Van, duong Hoa Binh"
