"""The words of the demo's reports, in the Vietnamese of such reports. They name no person."""

from __future__ import annotations

from collections.abc import Sequence

from reports.demo.chance import happens, shuffled
from reports.demo.places import Place

_STRENGTHS = (
    "Cấp ủy, chính quyền {place} quan tâm lãnh đạo, chỉ đạo công tác dân vận; chương trình công tác năm được xây dựng và triển khai sớm.",
    "Công tác đối thoại, tiếp công dân được thực hiện đúng quy định; ý kiến của Nhân dân cơ bản được trả lời tại hội nghị.",
    "Phong trào thi đua “Dân vận khéo” được duy trì, có thêm mô hình thiết thực gắn với giảm nghèo và xây dựng nông thôn mới.",
    "Nhân dân đồng thuận đóng góp ngày công, hiến đất làm đường giao thông nông thôn, góp phần hoàn thành chỉ tiêu được giao.",
    "Tổ dân vận các thôn sinh hoạt đều, bám sát địa bàn, kịp thời nắm tình hình và báo cáo cấp ủy.",
    "Mặt trận và các đoàn thể chủ động giám sát, tham gia góp ý xây dựng Đảng, xây dựng chính quyền.",
    "Tỷ lệ hòa giải thành ở cơ sở đạt khá, nhiều vụ việc được giải quyết ngay từ thôn, không phát sinh điểm nóng.",
    "Công tác dân vận vùng đồng bào dân tộc thiểu số được chú trọng, tuyên truyền bằng tiếng dân tộc tại các phiên chợ, buổi họp thôn.",
    "Việc thực hiện dân chủ ở cơ sở có chuyển biến; các khoản đóng góp, công trình đầu tư đều được công khai để Nhân dân bàn và giám sát.",
)
_LIMITATIONS = (
    "Việc nắm tình hình Nhân dân ở một số thôn vùng xa chưa thường xuyên. Nguyên nhân: địa bàn rộng, đi lại khó khăn trong mùa mưa.",
    "Một số mô hình “Dân vận khéo” duy trì chưa bền vững do thiếu kinh phí và đầu ra cho sản phẩm.",
    "Chế độ thông tin, báo cáo của một vài đơn vị còn chậm, số liệu phải đối chiếu nhiều lần.",
    "Cán bộ làm công tác dân vận kiêm nhiệm nhiều việc, chưa được tập huấn nghiệp vụ thường xuyên.",
    "Một số ý kiến sau đối thoại giải quyết còn kéo dài do liên quan nhiều ngành, nhiều cấp.",
    "Hình thức tuyên truyền chậm đổi mới; tài liệu bằng tiếng dân tộc còn ít.",
    "Chất lượng sinh hoạt của một số tổ dân vận chưa đều, nội dung còn chung chung.",
)
_DIRECTIONS = (
    "Tiếp tục quán triệt, triển khai các chỉ thị, nghị quyết của Đảng về công tác dân vận; nâng cao chất lượng sinh hoạt tổ dân vận.",
    "Tổ chức đối thoại định kỳ của người đứng đầu cấp ủy, chính quyền với Nhân dân; theo dõi đến cùng việc giải quyết sau đối thoại.",
    "Rà soát, nhân rộng các mô hình “Dân vận khéo” hiệu quả; mỗi thôn đăng ký ít nhất một việc làm cụ thể.",
    "Phối hợp với Mặt trận và các đoàn thể vận động Nhân dân phát triển kinh tế, giảm nghèo bền vững, xây dựng nông thôn mới.",
    "Chọn tối thiểu 20% số thôn để nâng cao chất lượng công tác dân vận; chấm điểm và công khai kết quả.",
    "Chủ động nắm tình hình Nhân dân vùng biên giới, vùng có dự án, không để bị động, bất ngờ.",
)
_PROPOSALS = (
    "Đề nghị cấp trên tổ chức tập huấn nghiệp vụ công tác dân vận cho cán bộ cơ sở.",
    "Đề nghị bố trí kinh phí hỗ trợ hoạt động của tổ dân vận và các mô hình “Dân vận khéo”.",
    "Đề nghị biên soạn tài liệu tuyên truyền ngắn gọn, có bản tiếng dân tộc.",
    "Đề nghị các ngành sớm trả lời những kiến nghị về đường giao thông và nước sinh hoạt đã gửi.",
    "Không có kiến nghị.",
)
_OF_HAMLETS = (
    "Bà con trong thôn đoàn kết, tham gia đầy đủ các buổi họp; tổ dân vận nắm chắc từng hộ.",
    "Thôn hoàn thành việc sửa đường nội thôn bằng ngày công của Nhân dân.",
    "Các hộ giữ gìn vệ sinh chung, làm chuồng trại xa nhà; không có tệ nạn xã hội.",
    "Mâu thuẫn nhỏ trong thôn được hòa giải ngay, không phải chuyển lên xã.",
    "Thôn duy trì vườn rau và quỹ tiết kiệm của chi hội phụ nữ, giúp thêm hộ khó khăn.",
)
_LIMITS_OF_HAMLETS = (
    "Một số hộ đi làm ăn xa nên họp thôn chưa đủ thành phần.",
    "Điểm sinh hoạt cộng đồng xuống cấp, thiếu bàn ghế.",
    "Sóng điện thoại yếu, việc thông tin đến các hộ còn chậm.",
    "Còn hộ chưa tích cực tham gia vệ sinh đường thôn.",
)

_OF_SCORING = (
    "Các thôn được chọn tự chấm điểm nghiêm túc, có biên bản họp thôn và minh chứng kèm theo.",
    "Việc thẩm định được tiến hành tại thôn, có Mặt trận và các đoàn thể cùng tham gia.",
    "Các thôn được chọn có chuyển biến rõ về sinh hoạt tổ dân vận và vệ sinh môi trường.",
)
_LIMITS_OF_SCORING = (
    "Một số tiêu chí thôn tự chấm còn cao so với minh chứng. Nguyên nhân: chưa nắm chắc hướng dẫn chấm điểm.",
    "Hồ sơ theo dõi của một vài tổ dân vận chưa đầy đủ do cán bộ mới nhận nhiệm vụ.",
)
_NEXT_OF_SCORING = (
    "Hoàn thiện sổ sinh hoạt tổ dân vận, mỗi tháng họp ít nhất một lần.",
    "Đăng ký và duy trì một mô hình Dân vận khéo gắn với vệ sinh môi trường.",
    "Phân công từng thành viên tổ dân vận phụ trách nhóm hộ.",
)


def office_narratives(place: Place, period: str) -> dict[str, str]:
    """The assessment of a commune, district or province in its report."""
    name = place.name[:1].lower() + place.name[1:]
    return {
        "uu_diem": _chosen(place.uid, f"strengths|{period}", _STRENGTHS, 3).format(place=name),
        "han_che": _chosen(place.uid, f"limitations|{period}", _LIMITATIONS, 2),
        "phuong_huong": _chosen(place.uid, f"directions|{period}", _DIRECTIONS, 3),
        "kien_nghi": _chosen(place.uid, f"proposals|{period}", _PROPOSALS, 1),
    }


def hamlet_narratives(place: Place) -> dict[str, str]:
    """The few words that some hamlets add to their figures."""
    words = {}
    if happens(place.uid, "strengths said", 40):
        words["uu_diem"] = _chosen(place.uid, "strengths", _OF_HAMLETS, 1)
    if happens(place.uid, "limitations said", 25):
        words["han_che"] = _chosen(place.uid, "limitations", _LIMITS_OF_HAMLETS, 1)
    return words


def scoring_narratives(place: Place) -> dict[str, str]:
    """What a chosen hamlet says beside its scores, and those above about all of theirs."""
    strengths, limitations = (_OF_HAMLETS, _LIMITS_OF_HAMLETS) if place.level == "hamlet" else (_OF_SCORING, _LIMITS_OF_SCORING)
    return {
        "uu_diem": _chosen(place.uid, "strengths of scoring", strengths, 1),
        "han_che": _chosen(place.uid, "limitations of scoring", limitations, 1),
        "viec_tiep_theo": _chosen(place.uid, "next of scoring", _NEXT_OF_SCORING, 1),
    }


def _chosen(uid: str, purpose: str, sentences: Sequence[str], count: int) -> str:
    return "\n".join(shuffled(sentences, f"{purpose}|{uid}")[:count])
