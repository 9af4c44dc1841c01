"""A painted face: more of one than any cartoon, and no photo of anybody."""

from PIL import Image, ImageDraw, ImageFilter

SKIN, SHADE, HAIR, LIPS = (215, 170, 145), (195, 148, 122), (60, 40, 30), (175, 90, 85)


def portrait() -> Image.Image:
    """128 px, RGB."""
    picture = Image.new("RGB", (512, 512), (90, 100, 110))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((96, 16, 416, 470), fill=HAIR)
    draw.rectangle((190, 400, 322, 512), fill=(190, 145, 120))
    draw.ellipse((120, 60, 392, 470), fill=SKIN)
    for x in (196, 316):
        draw.ellipse((x - 34, 218, x + 34, 254), fill=(235, 230, 225))
        draw.ellipse((x - 16, 219, x + 16, 252), fill=(50, 35, 30))
        draw.arc((x - 38, 212, x + 38, 262), 180, 360, fill=(80, 50, 40), width=6)
        draw.arc((x - 48, 180, x + 48, 240), 200, 340, fill=HAIR, width=12)
    draw.polygon(((256, 240), (232, 326), (280, 326)), fill=SHADE)
    draw.ellipse((230, 312, 246, 326), fill=(140, 95, 80))
    draw.ellipse((266, 312, 282, 326), fill=(140, 95, 80))
    draw.ellipse((200, 362, 312, 404), fill=LIPS)
    draw.line((204, 382, 308, 382), fill=(110, 50, 50), width=5)
    return picture.filter(ImageFilter.GaussianBlur(4)).resize((128, 128), Image.Resampling.LANCZOS)
