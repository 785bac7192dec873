from sqlalchemy import select

from shop.models import Note, User


def read(session):
    one = session.query(User).filter_by(name="a").first()
    two = session.execute(select(User).where(User.name == "a").order_by(User.name)).all()
    four = session.query(User).join(Note).filter_by(text="x")
    session.add(User(name="a") if one else User(name="b"))
    return one, two, four, Note.owner, User.metadata, User.__tablename__
